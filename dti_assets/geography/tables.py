"""The table of the geography branch, declared once. No code that computes it."""

from dti_assets.tables import PROVINCE, PROVINCE_CODE, Column, Table

CAPITAL_DISTANCES = Table(
    "capital_distances",
    "province",
    (
        PROVINCE_CODE,
        PROVINCE,
        Column("capital", "string", "provincial capital"),
        Column("latitude", "float64", "latitude of the capital", "degrees north", minimum=0),
        Column("longitude", "float64", "longitude of the capital", "degrees east", minimum=0),
        Column("great_circle_km", "float64", "great-circle distance to the hub", "km", minimum=0),
        Column("geodesic_km", "float64", "WGS-84 geodesic distance to the hub", "km", minimum=0),
        Column(
            "distance_km",
            "float64",
            "distance that divides the frequency, after the zero-distance rule",
            "km",
            nullable=True,
            minimum=0,
        ),
        Column("rule", "string", "zero-distance rule of the study"),
        Column("reason", "string", "why distance_km is null", nullable=True),
    ),
    key=("province_code",),
)
