"""Tables of influence and of random dictionaries, declared once. No code that computes them."""

from dti_assets.econ.tables import REASON, number, text, whole
from dti_assets.tables import PROVINCE, YEAR, Column, Table

KINDS = ("term", "report", "province", "year")
COEFFICIENTS = ("2SLS", "first stage", "reduced form", "OLS", "baseline OLS")


_EQUATION = text("equation", "what must stand under the column: proxies, years, rows, rules")

INFLUENCE = Table(
    "influence",
    "coefficient and unit left out",
    (
        Column("coefficient", "string", "which coefficient", allowed=COEFFICIENTS),
        Column("table", "string", "number of the table"),
        Column("column", "string", "column of the table whose equation it is"),
        text("outcome", "left-hand side, as estimated"),
        text("regressor", "regressor whose coefficient it is"),
        Column("kind", "string", "what is left out", allowed=KINDS),
        Column("unit", "string", "term, report (province year), province or year left out"),
        Column("province", "string", PROVINCE.description, nullable=True),
        Column("year", "int64", YEAR.description, "year", nullable=True),
        number("estimate_with", "coefficient with it"),
        number("estimate_without", "coefficient without it"),
        number("change", "estimate_without - estimate_with"),
        number("change_in_se", "change / standard error with it", "standard errors"),
        number(
            "contribution",
            "its part of the coefficient; the parts of one kind sum to estimate_with",
        ),
        number("first_stage_f_with", "first-stage F with it"),
        number("first_stage_f_without", "first-stage F without it"),
        whole("rows_lost", "rows of the equation that go with it", "rows"),
        text("note", "what must be known to read the row"),
        _EQUATION,
        REASON,
    ),
    key=("coefficient", "kind", "unit"),
)

DICTIONARY_PERMUTATION = Table(
    "dictionary_permutation",
    "statistic and sample",
    (
        Column("sample", "string", "rows used"),
        Column("statistic", "string", "what is compared"),
        text("outcome", "left-hand side of the reduced form, where there is one"),
        text("endogenous", "left-hand side of the first stage"),
        whole("n_obs", "rows", "rows"),
        whole("n_clusters", "clusters", "clusters"),
        number("as_studied", "with the study's own instrument"),
        number("real", "with the real dictionary, hits counted as those of the draws"),
        number("draws_low", "2.5th percentile of the draws"),
        number("draws_median", "median of the draws"),
        number("draws_high", "97.5th percentile of the draws"),
        number("percentile", "share of draws below the real value", "%"),
        number("p_value", "(1 + draws at least as strong) / (draws + 1)"),
        whole("draws", "random dictionaries with a value", "draws"),
        whole("seed", "seed of the draws"),
        whole("terms", "terms of the dictionary that occur", "terms"),
        whole("candidates", "terms drawn from", "terms"),
        text("rule", "how random dictionaries are drawn"),
        text("note", "how well they match the real one"),
        _EQUATION,
        REASON,
    ),
    key=("sample", "statistic"),
)

PERMUTATION_DRAWS = Table(
    "dictionary_permutation_draws",
    "random dictionary and sample",
    (
        Column("sample", "string", "rows used"),
        Column("draw", "int64", "number of the draw", minimum=1),
        number("hits", "hits of the drawn dictionary in all reports", "hits"),
        number("growth", "mean growth of its terms"),
        number("first_stage", "coefficient of its instrument in the first stage"),
        number("first_stage_t", "its t ratio"),
        number("first_stage_f", "its square, the first-stage F"),
        number("partial_r2", "R2 of the instrument, controls and effects given"),
        number("reduced_form", "coefficient of its instrument in the reduced form"),
        number("reduced_form_t", "its t ratio"),
    ),
    key=("sample", "draw"),
)
