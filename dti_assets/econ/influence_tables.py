"""Tables of influence and of random dictionaries, declared once. No code that computes them."""

from dti_assets.tables import PROVINCE, YEAR, Column, Table

KINDS = ("term", "report", "province", "year")
COEFFICIENTS = ("2SLS", "first stage", "reduced form", "OLS", "baseline OLS")


def _number(name: str, description: str, unit: str | None = None) -> Column:
    return Column(name, "float64", description, unit, nullable=True)


def _whole(name: str, description: str, unit: str | None = None) -> Column:
    return Column(name, "int64", description, unit, nullable=True)


def _text(name: str, description: str) -> Column:
    return Column(name, "string", description, nullable=True)


_EQUATION = _text("equation", "what must stand under the column: proxies, years, rows, rules")
_REASON = _text("reason", "why values of this row are null")

INFLUENCE = Table(
    "influence",
    "coefficient and unit left out",
    (
        Column("coefficient", "string", "which coefficient", allowed=COEFFICIENTS),
        Column("table", "string", "number of the table"),
        Column("column", "string", "column of the table whose equation it is"),
        _text("outcome", "left-hand side, as estimated"),
        _text("regressor", "regressor whose coefficient it is"),
        Column("kind", "string", "what is left out", allowed=KINDS),
        Column("unit", "string", "term, report (province year), province or year left out"),
        Column("province", "string", PROVINCE.description, nullable=True),
        Column("year", "int64", YEAR.description, "year", nullable=True),
        _number("estimate_with", "coefficient with it"),
        _number("estimate_without", "coefficient without it"),
        _number("change", "estimate_without - estimate_with"),
        _number("change_in_se", "change / standard error with it", "standard errors"),
        _number(
            "contribution",
            "its part of the coefficient; the parts of one kind sum to estimate_with",
        ),
        _number("first_stage_f_with", "first-stage F with it"),
        _number("first_stage_f_without", "first-stage F without it"),
        _whole("rows_lost", "rows of the equation that go with it", "rows"),
        _text("note", "what must be known to read the row"),
        _EQUATION,
        _REASON,
    ),
    key=("coefficient", "kind", "unit"),
)

DICTIONARY_PERMUTATION = Table(
    "dictionary_permutation",
    "statistic and sample",
    (
        Column("sample", "string", "rows used"),
        Column("statistic", "string", "what is compared"),
        _text("outcome", "left-hand side of the reduced form, where there is one"),
        _text("endogenous", "left-hand side of the first stage"),
        _whole("n_obs", "rows", "rows"),
        _whole("n_clusters", "clusters", "clusters"),
        _number("as_studied", "with the study's own instrument"),
        _number("real", "with the real dictionary, hits counted as those of the draws"),
        _number("draws_low", "2.5th percentile of the draws"),
        _number("draws_median", "median of the draws"),
        _number("draws_high", "97.5th percentile of the draws"),
        _number("percentile", "share of draws below the real value", "%"),
        _number("p_value", "(1 + draws at least as strong) / (draws + 1)"),
        _whole("draws", "random dictionaries with a value", "draws"),
        _whole("seed", "seed of the draws"),
        _whole("terms", "terms of the dictionary that occur", "terms"),
        _whole("candidates", "terms drawn from", "terms"),
        _text("rule", "how random dictionaries are drawn"),
        _text("note", "how well they match the real one"),
        _EQUATION,
        _REASON,
    ),
    key=("sample", "statistic"),
)

PERMUTATION_DRAWS = Table(
    "dictionary_permutation_draws",
    "random dictionary and sample",
    (
        Column("sample", "string", "rows used"),
        Column("draw", "int64", "number of the draw", minimum=1),
        _number("hits", "hits of the drawn dictionary in all reports", "hits"),
        _number("growth", "mean growth of its terms"),
        _number("first_stage", "coefficient of its instrument in the first stage"),
        _number("first_stage_t", "its t ratio"),
        _number("first_stage_f", "its square, the first-stage F"),
        _number("partial_r2", "R2 of the instrument, controls and effects given"),
        _number("reduced_form", "coefficient of its instrument in the reduced form"),
        _number("reduced_form_t", "its t ratio"),
    ),
    key=("sample", "draw"),
)
