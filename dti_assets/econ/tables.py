"""The tables of the estimation branch, declared once. No code that computes them."""

from dataclasses import replace

from dti_assets.store.schema import YEAR, Column, Table
from dti_assets.units.levels import UNIT

REASON = Column("reason", "string", "why values of this row are null", nullable=True)
_TABLE = Column("table", "string", "number of the table")
_LABEL = Column(
    "label",
    "string",
    "Table n where inputs are complete; On, ... not a replication, where not; Sn on simulated data",
)
_COLUMN = Column("column", "string", "column of the table")


# columns of which a row may lack a value
def number(name: str, description: str, unit: str | None = None) -> Column:
    return Column(name, "float64", description, unit, nullable=True)


def whole(name: str, description: str, unit: str | None = None) -> Column:
    return Column(name, "int64", description, unit, nullable=True)


def text(name: str, description: str) -> Column:
    return Column(name, "string", description, nullable=True)


def flag(name: str, description: str) -> Column:
    return Column(name, "bool", description, nullable=True)


ESTIMATES = Table(
    "estimates",
    "coefficient",
    (
        _TABLE,
        _LABEL,
        _COLUMN,
        text("column_label", "heading of the column beside its number"),
        Column("outcome", "string", "left-hand side, as estimated (a proxy under its own name)"),
        Column("term", "string", "regressor, as estimated"),
        Column(
            "role",
            "string",
            "what the term is",
            allowed=("key", "endogenous", "control", "constant"),
        ),
        number("estimate", "coefficient"),
        number("std_error", "standard error under the column's errors"),
        number("t_stat", "estimate / std_error"),
        number("p_value", "two-sided, t(G - 1) when clustered, t(N - K) else"),
        number("conf_low", "lower end of the 95 % interval"),
        number("conf_high", "upper end of the 95 % interval"),
        text(
            "stars",
            "*** 0.01, ** 0.05, * 0.10 by p_wild, else t-test or (2SLS) Anderson-Rubin",
        ),
        number("p_wild", "wild cluster restricted bootstrap; Anderson-Rubin where endogenous"),
        number("se_iid", "standard error under iid errors"),
        number("se_hc1", "standard error robust to heteroskedasticity"),
        number("se_crv3", "leave-one-cluster-out jackknife standard error"),
        whole("n_obs", "rows of the column", "rows"),
        whole("n_clusters", "clusters of the column", "clusters"),
        whole("n_rows_published", "rows of the published column", "rows"),
        number("r2", "R2, effects counted as explained; may be negative for 2SLS"),
        number("r2_within", "R2 after projecting out all effects"),
        number("first_stage_f", "Kleibergen-Paap F, column's errors; null below six clusters"),
        number("effective_f", "Montiel Olea and Pflueger's effective F; null below six clusters"),
        number("outcome_mean", "mean of the outcome in the column's rows"),
        text("errors", "iid, robust or clustered by which column"),
        text("fixed_effects", "effects projected out"),
        text("controls", "controls with a coefficient"),
        text("instruments", "excluded instruments"),
        text("sample", "condition on rows"),
        text("years", "first and last year of the rows"),
        text("proxies", "variables that stand in for absent ones"),
        text("controls_absent", "controls that the data lack"),
        text("dropped", "rows dropped, with reasons"),
        text("note", "what must stand under the table in every format"),
        REASON,
    ),
    key=("table", "column", "term"),
)

DESCRIPTIVES = Table(
    "descriptives",
    "variable",
    (
        _TABLE,
        _LABEL,
        Column("variable", "string", "variable of the panel"),
        whole("n_obs", "rows with a value", "rows"),
        number("mean", "mean"),
        number("std_dev", "standard deviation (n - 1)"),
        number("minimum", "smallest value"),
        number("median", "median"),
        number("maximum", "largest value"),
        number("std_within", "standard deviation of the two-way residuals (n, not n - 1)"),
        text("years", "first and last year with a value"),
        REASON,
    ),
    key=("variable",),
)

WEAK_INSTRUMENTS = Table(
    "weak_instrument_inference",
    "2SLS column",
    (
        _TABLE,
        _LABEL,
        _COLUMN,
        Column("outcome", "string", "left-hand side"),
        Column("endogenous", "string", "instrumented regressor"),
        Column("instruments", "string", "excluded instruments"),
        whole("n_obs", "rows", "rows"),
        whole("n_clusters", "clusters", "clusters"),
        number("estimate", "2SLS coefficient (equal to LIML when just identified)"),
        number("std_error", "standard error under the column's errors"),
        number("ols_estimate", "OLS coefficient on the same rows"),
        number("first_stage", "coefficient of the first instrument in the first stage"),
        number("first_stage_se", "its standard error"),
        number("first_stage_p", "its p-value"),
        number("first_stage_p_wild", "its wild cluster bootstrap p-value"),
        number("reduced_form", "coefficient of the first instrument in the reduced form"),
        number("reduced_form_se", "its standard error"),
        number("partial_r2", "R2 of instruments, controls and effects given"),
        number("kleibergen_paap_f", "rk Wald F; no critical values of its own"),
        number("cragg_donald_f", "its version under iid errors"),
        number("effective_f", "Montiel Olea and Pflueger (2013)"),
        number("effective_f_critical_10", "5 % critical value, worst-case bias of 10 %"),
        number("effective_f_critical_30", "5 % critical value, worst-case bias of 30 %"),
        number("jackknife_f", "F with the CRV3 covariance"),
        number("smallest_f", "least F when one cluster is left out and at least six remain"),
        text("smallest_f_without", "the cluster left out there"),
        number("effective_clusters", "1 / sum of squared leverage shares"),
        text("largest_cluster", "cluster with most of the instrument's variation"),
        number("largest_share", "its share of the instrument's variation", "share"),
        number("p_wild", "wild Anderson-Rubin p-value of no effect"),
        text("ar_set", "95 % Anderson-Rubin set, wild cluster restricted (headline)"),
        number("ar_low", "its least value, -inf where unbounded"),
        number("ar_high", "its largest value, inf where unbounded"),
        flag("ar_bounded", "whether it is bounded"),
        text("ar_crv1_set", "95 % Anderson-Rubin set from the CRV1 Wald test"),
        flag("ar_crv1_bounded", "whether it is bounded"),
        number("tf_low", "lower end of the tF interval"),
        number("tf_high", "upper end of the tF interval"),
        number("wald_low", "lower end of the usual interval"),
        number("wald_high", "upper end of the usual interval"),
        number("sargan_p", "overidentification under iid errors"),
        number("hansen_p", "overidentification under the column's errors"),
        text("sentence", "the finding in plain words"),
        text("note", "what must stand under the table in every format"),
        REASON,
    ),
    key=("table", "column"),
)

ANDERSON_RUBIN_CURVE = Table(
    "anderson_rubin_curve",
    "2SLS column and hypothesised coefficient",
    (
        _TABLE,
        _LABEL,
        _COLUMN,
        Column("outcome", "string", "left-hand side"),
        Column("endogenous", "string", "instrumented regressor"),
        Column("instruments", "string", "excluded instruments"),
        Column("point", "int64", "number of the point, in order of the value", minimum=1),
        number("value", "hypothesised coefficient"),
        number("p_wild", "wild cluster restricted Anderson-Rubin p-value, where clustered"),
        number("p_wald", "Anderson-Rubin p-value of the Wald form; CRV1 where clustered"),
        number("estimate", "2SLS coefficient, the same on every row of a column"),
        number("p_wild_at_infinity", "limit of p_wild: the test of the first stage"),
        text("errors", "iid, robust or clustered"),
        text("note", "what must stand under the figure"),
        REASON,
    ),
    key=("table", "column", "point"),
)

STAGE_RESIDUALS = Table(
    "stage_residuals",
    "2SLS column and row of its sample",
    (
        _TABLE,
        _LABEL,
        _COLUMN,
        Column("outcome", "string", "left-hand side"),
        Column("endogenous", "string", "instrumented regressor"),
        Column("instruments", "string", "excluded instruments; the first is the one shown"),
        replace(UNIT, nullable=True),
        whole("year", "calendar year", "year"),
        number("outcome_residual", "outcome less controls, effects and further instruments"),
        number("endogenous_residual", "endogenous regressor less the same"),
        number("instrument_residual", "first instrument less the same"),
        text("note", "what must stand under the figure"),
        REASON,
    ),
    key=("table", "column", "{unit}", "year"),
)

INDIRECT_EFFECTS = Table(
    "indirect_effects",
    "mediator and version",
    (
        _TABLE,
        _LABEL,
        Column("mediator", "string", "mediator"),
        Column("version", "string", "one mediator, or all jointly", allowed=("single", "joint")),
        whole("n_obs", "rows, the same for all equations", "rows"),
        whole("n_clusters", "clusters", "clusters"),
        number("total", "treatment on outcome without mediators"),
        number("direct", "treatment on outcome with mediators"),
        number("a", "treatment on mediator"),
        number("b", "mediator on outcome, treatment given"),
        number("se_a", "standard error of a"),
        number("se_b", "standard error of b"),
        number("indirect", "a b"),
        number("sobel_z", "Sobel statistic"),
        number("sobel_p", "its p-value"),
        number("aroian_z", "Aroian statistic"),
        number("aroian_p", "its p-value"),
        number("conf_low", "percentile interval, {units} (or rows, if unclustered) resampled"),
        number("conf_high", "percentile interval, {units} (or rows, if unclustered) resampled"),
        number("share_mediated", "a b / total, null if direct, indirect differ in sign", "share"),
        number("rho_at_zero", "error correlation, other mediators fixed, at which a b is zero"),
        text("sentence", "the finding in plain words"),
        text("note", "what must stand under the table in every format"),
        REASON,
    ),
    key=("table", "mediator", "version"),
)

LEAVE_ONE_OUT = Table(
    "leave_one_province_out",
    "column, term and {unit} left out",
    (
        _TABLE,
        _LABEL,
        _COLUMN,
        Column("term", "string", "key term"),
        Column("without", "string", "{unit} left out"),
        number("estimate", "coefficient without it; null where it is not identified"),
        number("difference", "estimate without it - estimate with all"),
        number("first_stage_f", "first-stage F without it; null below six clusters"),
        REASON,
    ),
    key=("table", "column", "term", "without"),
)

SPECIFICATION_CURVE = Table(
    "specification_curve",
    "combination of choices",
    (
        Column("cell", "int64", "number of the combination", minimum=1),
        Column("instrument", "string", "column of the instrument"),
        text("choices", "what the instrument was built with"),
        text("counted_on", "text, hits_longest or hits_overlap behind the counts"),
        Column("controls", "string", "set of controls"),
        Column("errors", "string", "iid, robust or clustered"),
        number("estimate", "2SLS coefficient"),
        number("std_error", "its standard error"),
        number("p_value", "its p-value"),
        number("conf_low", "lower end of its 95 % interval under the cell's errors"),
        number("conf_high", "upper end of its 95 % interval under the cell's errors"),
        number("first_stage", "first-stage coefficient"),
        number("first_stage_f", "first-stage F under the cell's errors"),
        number("ar_p", "p-value of the Anderson-Rubin test of no effect"),
        flag("ar_bounded", "whether the 95 % Anderson-Rubin set (Wald form) is bounded"),
        number("reduced_form", "reduced-form coefficient"),
        whole("n_obs", "rows", "rows"),
        whole("n_clusters", "clusters", "clusters"),
        REASON,
    ),
    key=("cell",),
)

ROBUSTNESS = Table(
    "robustness",
    "check and term",
    (
        Column("check", "string", "name of the check"),
        Column("variant", "string", "version of the check"),
        Column("outcome", "string", "left-hand side"),
        Column("term", "string", "coefficient"),
        number("estimate", "coefficient"),
        number("std_error", "standard error"),
        number("p_value", "two-sided p-value"),
        number("p_wild", "wild cluster bootstrap p-value"),
        number("conf_low", "lower end of the 95 % interval or set"),
        number("conf_high", "upper end of the 95 % interval or set"),
        number("first_stage_f", "first-stage F where there is an instrument"),
        whole("n_obs", "rows", "rows"),
        whole("n_clusters", "clusters", "clusters"),
        text("note", "how to read it"),
        REASON,
    ),
    key=("check", "variant", "term"),
)

ROMANO_WOLF = Table(
    "romano_wolf",
    "hypothesis",
    (
        Column("hypothesis", "string", "table and column"),
        Column("term", "string", "coefficient that is zero under the null"),
        number("t_stat", "absolute CRV1 t ratio"),
        number("p_wild", "wild cluster bootstrap p-value of this hypothesis alone"),
        number("p_romano_wolf", "stepdown p-value, family-wise over all rows"),
        whole("n_clusters", "clusters", "clusters"),
        REASON,
    ),
    key=("hypothesis", "term"),
)

FORENSICS = Table(
    "published_forensics",
    "published instrumental-variable result",
    (
        Column("source", "string", "publication and table"),
        Column("first_stage_stars", "string", "stars printed at the first stage"),
        Column("second_stage_stars", "string", "stars printed at the second stage"),
        Column("distribution", "string", "reference distribution assumed for the stars"),
        number("f_low", "least first-stage F that the stars allow"),
        number("f_high", "largest first-stage F that the stars allow, inf without bound"),
        number("estimate", "second-stage coefficient, where given"),
        number("se_low", "least standard error that coefficient and stars allow"),
        number("se_high", "largest standard error that they allow, inf without bound"),
        number("smallest_abs_rho", "least |rho| between the two errors that both stars allow"),
        text("ar_bounded", "always, never or depends: the 95 % Anderson-Rubin set"),
        text("tf_finite", "always, never or depends: the tF interval"),
        text("sentence", "the finding in plain words"),
    ),
    key=("source", "distribution"),
)

PAPER_COMPARISON = Table(
    "paper_comparison",
    "published fact, or known coefficient of simulated data",
    (
        Column("fact", "string", "name of the fact"),
        _TABLE,
        _COLUMN,
        Column("term", "string", "coefficient or statistic"),
        Column("published", "string", "what the paper prints or says; the truth, where known"),
        number("published_value", "number, where the paper prints one; the truth, where known"),
        text("published_sign", "positive or negative"),
        text("published_stars", "stars, or significant / not significant"),
        number("estimate", "our estimate"),
        text("stars", "our stars"),
        number("conf_low", "lower end of our 95 % interval, beside a known truth"),
        number("conf_high", "upper end of our 95 % interval, beside a known truth"),
        flag("same_sign", "null where not comparable"),
        flag("same_stars", "null where not comparable"),
        number("difference", "estimate - published value; null where not comparable"),
        Column("verdict", "string", "comparison", allowed=("agrees", "differs", "not comparable")),
        REASON,
        Column("source", "string", "page or table of the fact"),
    ),
    key=("fact",),
)

# from best to worst
RUNS = ("as in the paper", "in part", "all variables", "reduced controls", "proxy", "no")

TABLE_COVERAGE = Table(
    "table_coverage",
    "table of the study",
    (
        Column("table", "string", "asset of the table"),
        Column("title", "string", "what the table shows"),
        Column("runs", "string", "the worst of its columns that run", allowed=RUNS),
        text("columns_that_run", "columns (or variables) that can be estimated"),
        text("columns_that_cannot", "columns that cannot, and why"),
        Column("n_obs", "int64", "rows of the largest column", "rows", minimum=0),
        Column("n_provinces", "int64", "{units} in it", minimum=0),
        text("years", "first and last year in it"),
        text("controls_absent", "controls without any value"),
        text("note", "proxies used, columns without clustered inference"),
    ),
    key=("table",),
)


# what is left out of an equation, of any level
KINDS = ("term", "report", "{unit}", "year")
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
        Column("unit", "string", "term, report ({unit} year), {unit} or year left out"),
        replace(UNIT, nullable=True),
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
