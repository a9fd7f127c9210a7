"""The tables of the estimation branch, declared once. No code that computes them."""

from dti_assets.tables import Column, Table

_REASON = Column("reason", "string", "why values of this row are null", nullable=True)
_TABLE = Column("table", "string", "number of the table")
_LABEL = Column(
    "label", "string", "Table n where inputs are complete; On, ... not a replication, where not"
)
_COLUMN = Column("column", "string", "column of the table")


def _number(name: str, description: str, unit: str | None = None) -> Column:
    return Column(name, "float64", description, unit, nullable=True)


def _whole(name: str, description: str, unit: str | None = None) -> Column:
    return Column(name, "int64", description, unit, nullable=True)


def _text(name: str, description: str) -> Column:
    return Column(name, "string", description, nullable=True)


def _flag(name: str, description: str) -> Column:
    return Column(name, "bool", description, nullable=True)


ESTIMATES = Table(
    "estimates",
    "coefficient",
    (
        _TABLE,
        _LABEL,
        _COLUMN,
        _text("column_label", "heading of the column beside its number"),
        Column("outcome", "string", "left-hand side, as estimated (a proxy under its own name)"),
        Column("term", "string", "regressor, as estimated"),
        Column(
            "role",
            "string",
            "what the term is",
            allowed=("key", "endogenous", "control", "constant"),
        ),
        _number("estimate", "coefficient"),
        _number("std_error", "standard error under the column's errors"),
        _number("t_stat", "estimate / std_error"),
        _number("p_value", "two-sided, t(G - 1) when clustered, t(N - K) else"),
        _number("conf_low", "lower end of the 95 % interval"),
        _number("conf_high", "upper end of the 95 % interval"),
        _text(
            "stars",
            "*** 0.01, ** 0.05, * 0.10 by p_wild, else t-test or (2SLS) Anderson-Rubin",
        ),
        _number("p_wild", "wild cluster restricted bootstrap; Anderson-Rubin where endogenous"),
        _number("se_iid", "standard error under iid errors"),
        _number("se_hc1", "standard error robust to heteroskedasticity"),
        _number("se_crv3", "leave-one-cluster-out jackknife standard error"),
        _whole("n_obs", "rows of the column", "rows"),
        _whole("n_clusters", "clusters of the column", "clusters"),
        _whole("n_rows_published", "rows of the published column", "rows"),
        _number("r2", "R2, effects counted as explained; may be negative for 2SLS"),
        _number("r2_within", "R2 after projecting out all effects"),
        _number("first_stage_f", "Kleibergen-Paap F under the column's errors"),
        _number("effective_f", "Montiel Olea and Pflueger's effective F"),
        _number("outcome_mean", "mean of the outcome in the column's rows"),
        _text("errors", "iid, robust or clustered by which column"),
        _text("fixed_effects", "effects projected out"),
        _text("controls", "controls with a coefficient"),
        _text("instruments", "excluded instruments"),
        _text("sample", "condition on rows"),
        _text("years", "first and last year of the rows"),
        _text("proxies", "variables that stand in for absent ones"),
        _text("controls_absent", "controls that the data lack"),
        _text("dropped", "rows dropped, with reasons"),
        _text("note", "what must stand under the table in every format"),
        _REASON,
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
        _whole("n_obs", "rows with a value", "rows"),
        _number("mean", "mean"),
        _number("std_dev", "standard deviation (n - 1)"),
        _number("minimum", "smallest value"),
        _number("median", "median"),
        _number("maximum", "largest value"),
        _number("std_within", "standard deviation of the two-way residuals"),
        _text("years", "first and last year with a value"),
        _REASON,
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
        _whole("n_obs", "rows", "rows"),
        _whole("n_clusters", "clusters", "clusters"),
        _number("estimate", "2SLS coefficient (equal to LIML when just identified)"),
        _number("std_error", "standard error under the column's errors"),
        _number("ols_estimate", "OLS coefficient on the same rows"),
        _number("first_stage", "coefficient of the first instrument in the first stage"),
        _number("first_stage_se", "its standard error"),
        _number("first_stage_p", "its p-value"),
        _number("first_stage_p_wild", "its wild cluster bootstrap p-value"),
        _number("reduced_form", "coefficient of the first instrument in the reduced form"),
        _number("reduced_form_se", "its standard error"),
        _number("partial_r2", "R2 of instruments, controls and effects given"),
        _number("kleibergen_paap_f", "rk Wald F; no critical values of its own"),
        _number("cragg_donald_f", "its version under iid errors"),
        _number("effective_f", "Montiel Olea and Pflueger (2013)"),
        _number("effective_f_critical_10", "5 % critical value, worst-case bias of 10 %"),
        _number("effective_f_critical_30", "5 % critical value, worst-case bias of 30 %"),
        _number("jackknife_f", "F with the CRV3 covariance"),
        _number("smallest_f", "least F when one cluster is left out"),
        _text("smallest_f_without", "the cluster left out there"),
        _number("effective_clusters", "1 / sum of squared leverage shares"),
        _text("largest_cluster", "cluster with most of the instrument's variation"),
        _number("largest_share", "its share of the instrument's variation", "share"),
        _number("p_wild", "wild Anderson-Rubin p-value of no effect"),
        _text("ar_set", "95 % Anderson-Rubin set, wild cluster restricted (headline)"),
        _number("ar_low", "its least value, -inf where unbounded"),
        _number("ar_high", "its largest value, inf where unbounded"),
        _flag("ar_bounded", "whether it is bounded"),
        _text("ar_crv1_set", "95 % Anderson-Rubin set from the CRV1 Wald test"),
        _flag("ar_crv1_bounded", "whether it is bounded"),
        _number("tf_low", "lower end of the tF interval"),
        _number("tf_high", "upper end of the tF interval"),
        _number("wald_low", "lower end of the usual interval"),
        _number("wald_high", "upper end of the usual interval"),
        _number("sargan_p", "overidentification under iid errors"),
        _number("hansen_p", "overidentification under the column's errors"),
        _text("sentence", "the finding in plain words"),
        _text("note", "what must stand under the table in every format"),
        _REASON,
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
        _number("value", "hypothesised coefficient"),
        _number("p_wild", "wild cluster restricted Anderson-Rubin p-value, where clustered"),
        _number("p_wald", "Anderson-Rubin p-value of the Wald form; CRV1 where clustered"),
        _number("estimate", "2SLS coefficient, the same on every row of a column"),
        _number("p_wild_at_infinity", "limit of p_wild: the test of the first stage"),
        _text("errors", "iid, robust or clustered"),
        _text("note", "what must stand under the figure"),
        _REASON,
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
        _text("province", "Chinese short name of the province"),
        _whole("year", "calendar year", "year"),
        _number("outcome_residual", "outcome less controls, effects and further instruments"),
        _number("endogenous_residual", "endogenous regressor less the same"),
        _number("instrument_residual", "first instrument less the same"),
        _text("note", "what must stand under the figure"),
        _REASON,
    ),
    key=("table", "column", "province", "year"),
)

INDIRECT_EFFECTS = Table(
    "indirect_effects",
    "mediator and version",
    (
        _TABLE,
        _LABEL,
        Column("mediator", "string", "mediator"),
        Column("version", "string", "one mediator, or all jointly", allowed=("single", "joint")),
        _whole("n_obs", "rows, the same for all equations", "rows"),
        _whole("n_clusters", "clusters", "clusters"),
        _number("total", "treatment on outcome without mediators"),
        _number("direct", "treatment on outcome with mediators"),
        _number("a", "treatment on mediator"),
        _number("b", "mediator on outcome, treatment given"),
        _number("se_a", "standard error of a"),
        _number("se_b", "standard error of b"),
        _number("indirect", "a b"),
        _number("sobel_z", "Sobel statistic"),
        _number("sobel_p", "its p-value"),
        _number("aroian_z", "Aroian statistic"),
        _number("aroian_p", "its p-value"),
        _number("conf_low", "percentile interval, whole provinces resampled"),
        _number("conf_high", "percentile interval, whole provinces resampled"),
        _number("share_mediated", "a b / total, null where signs differ", "share"),
        _number("rho_at_zero", "error correlation at which a b is zero"),
        _text("sentence", "the finding in plain words"),
        _text("note", "what must stand under the table in every format"),
        _REASON,
    ),
    key=("table", "mediator", "version"),
)

LEAVE_ONE_OUT = Table(
    "leave_one_province_out",
    "column, term and province left out",
    (
        _TABLE,
        _LABEL,
        _COLUMN,
        Column("term", "string", "key term"),
        Column("without", "string", "province left out"),
        _number("estimate", "coefficient without it"),
        _number("difference", "estimate without it - estimate with all"),
        _number("first_stage_f", "first-stage F without it"),
        _REASON,
    ),
    key=("table", "column", "term", "without"),
)

SPECIFICATION_CURVE = Table(
    "specification_curve",
    "combination of choices",
    (
        Column("cell", "int64", "number of the combination", minimum=1),
        Column("instrument", "string", "column of the instrument"),
        _text("choices", "what the instrument was built with"),
        _text("counted_on", "text, hits_longest or hits_overlap behind the counts"),
        Column("controls", "string", "set of controls"),
        Column("errors", "string", "iid, robust or clustered"),
        _number("estimate", "2SLS coefficient"),
        _number("std_error", "its standard error"),
        _number("p_value", "its p-value"),
        _number("conf_low", "lower end of its 95 % interval under the cell's errors"),
        _number("conf_high", "upper end of its 95 % interval under the cell's errors"),
        _number("first_stage", "first-stage coefficient"),
        _number("first_stage_f", "first-stage F under the cell's errors"),
        _number("ar_p", "p-value of the Anderson-Rubin test of no effect"),
        _flag("ar_bounded", "whether the 95 % Anderson-Rubin set (Wald form) is bounded"),
        _number("reduced_form", "reduced-form coefficient"),
        _whole("n_obs", "rows", "rows"),
        _whole("n_clusters", "clusters", "clusters"),
        _REASON,
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
        _number("estimate", "coefficient"),
        _number("std_error", "standard error"),
        _number("p_value", "two-sided p-value"),
        _number("p_wild", "wild cluster bootstrap p-value"),
        _number("conf_low", "lower end of the 95 % interval or set"),
        _number("conf_high", "upper end of the 95 % interval or set"),
        _number("first_stage_f", "first-stage F where there is an instrument"),
        _whole("n_obs", "rows", "rows"),
        _whole("n_clusters", "clusters", "clusters"),
        _text("note", "how to read it"),
        _REASON,
    ),
    key=("check", "variant", "term"),
)

ROMANO_WOLF = Table(
    "romano_wolf",
    "hypothesis",
    (
        Column("hypothesis", "string", "table and column"),
        Column("term", "string", "coefficient that is zero under the null"),
        _number("t_stat", "absolute CRV1 t ratio"),
        _number("p_wild", "wild cluster bootstrap p-value of this hypothesis alone"),
        _number("p_romano_wolf", "stepdown p-value, family-wise over all rows"),
        _whole("n_clusters", "clusters", "clusters"),
        _REASON,
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
        _number("f_low", "least first-stage F that the stars allow"),
        _number("f_high", "largest first-stage F that the stars allow, inf without bound"),
        _number("estimate", "second-stage coefficient, where given"),
        _number("se_low", "least standard error that coefficient and stars allow"),
        _number("se_high", "largest standard error that they allow, inf without bound"),
        _number("smallest_abs_rho", "least |rho| between the two errors that both stars allow"),
        _text("ar_bounded", "always, never or depends: the 95 % Anderson-Rubin set"),
        _text("tf_finite", "always, never or depends: the tF interval"),
        _text("sentence", "the finding in plain words"),
    ),
    key=("source", "distribution"),
)

PAPER_COMPARISON = Table(
    "paper_comparison",
    "published fact",
    (
        Column("fact", "string", "name of the fact"),
        _TABLE,
        _COLUMN,
        Column("term", "string", "coefficient or statistic"),
        Column("published", "string", "what the paper prints or says"),
        _number("published_value", "number, where the paper prints one"),
        _text("published_sign", "positive or negative"),
        _text("published_stars", "stars, or significant / not significant"),
        _number("estimate", "our estimate"),
        _text("stars", "our stars"),
        _flag("same_sign", "null where not comparable"),
        _flag("same_stars", "null where not comparable"),
        _number("difference", "estimate - published value; null where not comparable"),
        Column("verdict", "string", "comparison", allowed=("agrees", "differs", "not comparable")),
        _REASON,
        Column("source", "string", "page or table of the fact"),
    ),
    key=("fact",),
)
