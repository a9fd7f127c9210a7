"""The tables of the geography branch, declared once. No code that computes them."""

from dti_assets.instrument import formula
from dti_assets.store.schema import YEAR, Column, Table
from dti_assets.units.levels import UNIT, UNIT_CODE

CAPITAL_DISTANCES = Table(
    "capital_distances",
    "{unit}",
    (
        UNIT_CODE,
        UNIT,
        Column("capital", "string", "{adjective} {seat}"),
        # null where the list of units has no coordinates
        Column("latitude", "float64", "latitude of the {seat}", "degrees north", True, -90, 90),
        Column("longitude", "float64", "longitude of the {seat}", "degrees east", True, -180, 180),
        Column("great_circle_km", "float64", "great-circle distance to the hub", "km", True, 0),
        Column("geodesic_km", "float64", "WGS-84 geodesic distance to the hub", "km", True, 0),
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
    key=("{unit}_code",),
)

DTI_IV = Table(
    "dti_iv",
    "{unit}-year",
    (
        UNIT_CODE,
        UNIT,
        YEAR,
        Column("keyword_hits", "int64", "keyword hits", "hits", nullable=True, minimum=0),
        Column("total_words", "int64", "denominator of the study", "words", True, minimum=1),
        Column("frequency", "float64", "hits over words", "hits per word", True, minimum=0),
        Column("distance_km", "float64", "distance to the hub", "km", nullable=True, minimum=0),
        Column("dti_iv", "float64", formula.DESCRIPTION, formula.UNIT, True, 0),
        Column("rule", "string", "zero-distance rule of the study"),
        Column("origin", "string", "text or published", nullable=True),
        Column("reason", "string", "why dti_iv is null", nullable=True),
    ),
    key=("{unit}_code", "year"),
)


FROZEN_INSTRUMENT = Table(
    "frozen_instrument",
    "the instrument",
    (
        Column(
            "status",
            "string",
            "whether the instrument at hand is the one recorded by dti freeze",
            allowed=("frozen", "changed", "never frozen"),
        ),
        Column("sentence", "string", "the same as a note below a table"),
        Column("differences", "string", "what changed since", nullable=True),
        Column("sha256", "string", "hash of the instrument at hand"),
        Column("frozen_sha256", "string", "hash of the frozen instrument", nullable=True),
    ),
    key=("sha256",),
)
