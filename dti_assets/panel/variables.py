"""The model's variables: one declaration each, from which everything about them is derived.

Name, label, definition, source series, transformation and unit stand here once; the panel's
schema, the construction, the coverage table, the codebook, the template workbook and the labels
of the Stata file are read off them. The computation is in `build`. Words are of any unit;
`variables` says them of the units of a level, where what ships for the level may say more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from dti_assets.panel.series import shipped_rows
from dti_assets.store.schema import Dtype
from dti_assets.units.levels import Level

Kind = Literal["log", "log1p_per_million", "log_ratio", "log_difference", "level"]
Origin = Literal["series", "dti", "dti_iv", "membership"]

MONEY = "10k CNY"
# feols drops a column as collinear where X'X, effects projected out, has less than 1e-9 left for
# it, whatever its unit; hits per word and km, of order 1e-7, are such a column. Stata and R scripts
# multiply the instrument by this; the panel and all tables keep its unit.
INSTRUMENT_SCALE = 1_000_000


@dataclass(frozen=True)
class Transformation:
    """How series become a variable; money is converted into `unit` first."""

    kind: Kind
    series: tuple[str, ...]
    unit: str | None = None

    @property
    def formula(self) -> str:
        first, *rest = self.series
        unit = f" [{self.unit}]" if self.unit else ""
        return {
            "log": f"ln({first}{unit})",
            "log1p_per_million": f"ln(1 + {first} / {rest[0] if rest else ''} [million persons])",
            "log_ratio": f"ln({first} / {rest[0] if rest else ''})",
            "log_difference": f"ln({first} - {rest[0] if rest else ''}{unit})",
            "level": f"{first}{unit}",
        }[self.kind]


@dataclass(frozen=True)
class Variable:
    """One variable of the model under the paper's name.

    `transformations` are alternatives in order of preference: the first for which any figure of
    every series exists is used for the whole variable.
    """

    name: str
    label: str
    definition: str
    unit: str
    origin: Origin = "series"
    transformations: tuple[Transformation, ...] = ()
    dtype: Dtype = "float64"
    minimum: float | None = None
    maximum: float | None = None
    remark: str = ""

    @property
    def formula(self) -> str:
        return ", or ".join(one.formula for one in self.transformations)

    @property
    def series(self) -> tuple[str, ...]:
        """Every series that any of the alternatives reads, each once."""
        names = (name for one in self.transformations for name in one.series)
        return tuple(dict.fromkeys(names))


def _log(series: str, unit: str | None = MONEY) -> tuple[Transformation, ...]:
    return (Transformation("log", (series,), unit),)


_CHOICE = "The paper's Table A1 is not available; the measure is this package's choice."

VARIABLES: tuple[Variable, ...] = (
    Variable(
        "Export", "ln high-tech exports",
        "Logarithm of the {unit}'s exports of high-tech products",
        "ln(10k CNY)", transformations=_log("high_tech_exports"),
        remark="10k CNY is inferred from the paper's mean of 14.410.",
    ),
    Variable(
        "Export_new", "ln exports of new high-tech products",
        "Logarithm of exports of new products of high-tech industry",
        "ln(10k CNY)", transformations=_log("high_tech_new_product_exports"),
    ),
    Variable(
        "DTIn", "ln(1 + digital patent applications per million)",
        "Logarithm of one plus digital patent applications per million inhabitants",
        "ln(1 + per million)", "dti", minimum=0,
        remark="From the patent extract; the column dti_basis says how patents were classified.",
    ),
    Variable(
        "DTIG", "ln(1 + digital patent grants per million)",
        "Logarithm of one plus digital patent grants per million inhabitants",
        "ln(1 + per million)", "dti", minimum=0,
    ),
    Variable(
        "INVn", "ln(1 + invention applications per million)",
        "Logarithm of one plus official invention applications (all technologies) per million "
        "inhabitants",
        "ln(1 + per million)",
        transformations=(
            Transformation("log1p_per_million", ("patent_applications_invention", "population")),
        ),
        minimum=0,
        remark="A proxy for DTIn that is reported under its own name and never as DTIn.",
    ),
    Variable(
        "DFI", "ln Digital Financial Inclusion Index",
        "Logarithm of the {adjective} Digital Financial Inclusion Index of Peking University",
        "ln(index)", transformations=_log("digital_finance_index", None),
        remark="The index starts in 2011.",
    ),
    Variable(
        "Number", "ln number of high-tech firms",
        "Logarithm of the number of high-tech industry firms",
        "ln(firms)", transformations=_log("high_tech_firms", "firms"),
        remark="Size threshold raised in 2011, see reference/breaks.csv.",
    ),
    Variable(
        "RD", "ln new product projects per high-tech firm",
        "Logarithm of new product development projects per high-tech firm",
        "ln(projects per firm)",
        transformations=(
            Transformation("log_ratio", ("high_tech_new_product_projects", "high_tech_firms")),
        ),
        remark="Called R&D in the paper; tied to Number by construction.",
    ),
    Variable(
        "EXR", "CNY per USD", "Exchange rate of the yuan, annual average", "CNY per USD",
        transformations=(Transformation("level", ("exchange_rate",), "CNY per USD"),),
        minimum=0,
        remark="The same for every {unit} in a year, hence absorbed by year effects.",
    ),
    Variable(
        "Exportother", "ln exports other than high-tech",
        "Logarithm of the {unit}'s exports other than high-tech products",
        "ln(10k CNY)",
        transformations=(
            Transformation("log", ("non_high_tech_exports",), MONEY),
            Transformation("log_difference", ("total_exports", "high_tech_exports"), MONEY),
        ),
        remark="total_trade is imports plus exports and is no base for it.",
    ),
    Variable(
        "HR", "average years of education", "Average years of education of the population",
        "years", transformations=(Transformation("level", ("years_of_education",), "years"),),
        minimum=0,
    ),
    Variable(
        "INF", "infrastructure development level", "Infrastructure development level",
        "as supplied", transformations=(Transformation("level", ("infrastructure",)),),
        remark="The paper does not say which measure; the user's file does, with its unit.",
    ),
    Variable(
        "GDP", "ln gross regional product",
        "Logarithm of gross regional product in current prices",
        "ln(10k CNY)", transformations=_log("gdp"), remark=_CHOICE,
    ),
    Variable(
        "GDP_sec", "secondary industry, % of GDP",
        "Value added of secondary industry in gross regional product",
        "percent",
        transformations=(Transformation("level", ("secondary_industry_share",), "percent"),),
        minimum=0, maximum=100, remark=_CHOICE,
    ),
    Variable(
        "FIE", "ln fiscal expenditure",
        "Logarithm of local general public budget expenditure",
        "ln(10k CNY)", transformations=_log("fiscal_expenditure"), remark=_CHOICE,
    ),
    Variable(
        "party_turnover", "1 if the party secretary changed",
        "1 in a year in which a new party secretary counts under the mid-year rule, else 0",
        "0 or 1", transformations=(Transformation("level", ("party_turnover",), "0 or 1"),),
        dtype="int64", minimum=0, maximum=1,
    ),
    Variable(
        "governor_turnover", "1 if the governor changed",
        "1 in a year in which a new governor counts under the mid-year rule, else 0",
        "0 or 1", transformations=(Transformation("level", ("governor_turnover",), "0 or 1"),),
        dtype="int64", minimum=0, maximum=1,
    ),
    Variable(
        "region", "region", "Region of the National Bureau of Statistics",
        "name", "membership", dtype="string",
    ),
    Variable(
        "bri", "1 if one of the Belt and Road {units}",
        "1 for {units} named in Vision and Actions (March 2015), else 0",
        "0 or 1", "membership", dtype="int64", minimum=0, maximum=1,
    ),
    Variable(
        "municipality", "1 if a municipality",
        "1 for municipalities directly under the central government, else 0",
        "0 or 1", "membership", dtype="int64", minimum=0, maximum=1,
    ),
    Variable(
        "DTI_iv", "policy attention / distance to the hub",
        "Digital-economy keywords over total words of the government work report, divided by the "
        "distance from the {adjective} {seat} to the hub city",
        "hits per word and km", "dti_iv", minimum=0,
        remark="The column dti_iv_rule names the zero-distance rule. Multiply by "
        f"{INSTRUMENT_SCALE:,} before a regression in R or Stata, as the scripts of the tables do: "
        "programs drop a column as small as this.",
    ),
)  # fmt: skip

BY_NAME = {variable.name: variable for variable in VARIABLES}


@cache
def variables(level: Level) -> tuple[Variable, ...]:
    """Return VARIABLES in the words of a level."""
    more = {row["variable"]: row for row in shipped_rows(level, "variables.csv")}

    def said(variable: Variable) -> Variable:
        given = more.get(variable.name, {})
        return replace(
            variable,
            label=level.words(given.get("label") or variable.label),
            definition=level.words(given.get("definition") or variable.definition),
            remark=level.words(given.get("remark") or variable.remark),
        )

    return tuple(map(said, VARIABLES))


def variable_definition(variable: Variable) -> str:
    """Definition, formula and remark in one line, for schemas and codebooks."""
    formula = f": {variable.formula}" if variable.formula else ""
    remark = f". {variable.remark}" if variable.remark else ""
    return f"{variable.definition}{formula}{remark}"
