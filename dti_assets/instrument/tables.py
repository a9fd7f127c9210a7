"""The tables of the geography branch, declared once. No code that computes them."""

from dti_assets.store.schema import PROVINCE, PROVINCE_CODE, YEAR, Column, Table

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

DTI_IV = Table(
    "dti_iv",
    "province-year",
    (
        PROVINCE_CODE,
        PROVINCE,
        YEAR,
        Column("keyword_hits", "int64", "keyword hits", "hits", nullable=True, minimum=0),
        Column("total_words", "int64", "denominator of the study", "words", True, minimum=1),
        Column("frequency", "float64", "hits over words", "hits per word", True, minimum=0),
        Column("distance_km", "float64", "distance to the hub", "km", nullable=True, minimum=0),
        Column("dti_iv", "float64", "frequency over distance_km", "hits per word and km", True, 0),
        Column("rule", "string", "zero-distance rule of the study"),
        Column("origin", "string", "text or published", nullable=True),
        Column("reason", "string", "why dti_iv is null", nullable=True),
    ),
    key=("province_code", "year"),
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
