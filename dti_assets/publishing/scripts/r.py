"""A table's equations as an R script: fixest's feols.

The script reads the exported panel by a path relative to outputs/tables.
"""

from __future__ import annotations

import json

from dti_assets.publishing.scripts.equation import (
    SMALL_SAMPLE,
    Condition,
    Equation,
    Factor,
    Script,
    all_terms,
    factors,
    is_computed,
    scale,
    scaled,
)
from dti_assets.units.levels import Level

_HEAD = (
    "Reads ../panel/panel.csv: run it from the folder it lies in, outputs/tables.",
    'Needs: install.packages("fixest"), and R in a UTF-8 locale (Chinese names).',
)
_READ = """library(fixest)
panel <- read.csv("../panel/panel.csv", fileEncoding = "UTF-8-BOM", na.strings = "",
                  check.names = FALSE)"""
_SSC = """# fixest 0.13 gave these arguments new names
small_sample <- if (packageVersion("fixest") < "0.13") {
  ssc(adj = TRUE, fixef.K = "nested", cluster.adj = TRUE)
} else {
  ssc(K.adj = TRUE, K.fixef = "nonnested", G.adj = TRUE)
}
models <- list()"""


def r_script(script: Script) -> str:
    """The .R file."""
    named = all_terms(script)
    lines = _comment([script.title, f"Stored numbers: {script.table}.csv", *_HEAD, ""])
    lines += [*_comment([*SMALL_SAMPLE, *scaled(script), *script.remarks]), _READ, _SSC]
    lines += _computed(script, named)
    if script.described:
        lines += ["", *_described(script)]
    for column in script.columns:
        lines += ["", *_comment([f"Column {column.name}", *column.remarks])]
        if column.equation is not None:
            lines += _regression(column.name, column.equation, named)
    if any(column.equation for column in script.columns):
        lines += ["", "print(etable(models))"]
    return "\n".join(lines) + "\n"


def _comment(remarks: list[str] | tuple[str, ...]) -> list[str]:
    return [f"# {' '.join(remark.split())}".rstrip() for remark in remarks]


def _computed(script: Script, named: dict[str, str]) -> list[str]:
    terms = [term for term in named if is_computed(term)]
    lines = []
    if any(factor.shift for term in terms for factor in factors(term)):
        lines.append(_shifted(script.level))
    for term in terms:
        times = [str(scale(term))] if scale(term) != 1 else []
        product = " * ".join([*times, *(_factor(factor, script) for factor in factors(term))])
        lines.append(f"panel${named[term]} <- {product}")
    return lines


def _shifted(level: Level) -> str:
    return f"""shifted <- function(x, years) {{  # by the value of year: a gap is a missing value
  place <- paste(panel${level.name}, panel$year - years)
  x[match(place, paste(panel${level.name}, panel$year))]
}}"""


def _within(level: Level) -> str:
    return f"""within <- function(x) {{  # of what {level.noun} and year means leave, divided by N
  sqrt(mean(resid(lm(x ~ factor(panel${level.name}) + factor(panel$year)))^2))
}}"""


def _factor(factor: Factor, script: Script) -> str:
    column = f"panel${factor.column}"
    if factor.sign:
        value = _value(factor.value) if factor.column in script.text_columns else factor.value
        sign = "==" if factor.sign == "=" else factor.sign
        return f"({column} {sign} {value})"
    return f"shifted({column}, {factor.shift})" if factor.shift else column


def _described(script: Script) -> list[str]:
    listed = ", ".join(json.dumps(name) for name in script.described)
    return [
        f"described <- panel[, c({listed}), drop = FALSE]",
        _within(script.level),
        "options(width = 200)",
        "print(t(sapply(described, function(x) c(",
        "  N = sum(!is.na(x)), mean = mean(x, na.rm = TRUE), sd = sd(x, na.rm = TRUE),",
        "  within = within(x), min = min(x, na.rm = TRUE), median = median(x, na.rm = TRUE),",
        "  max = max(x, na.rm = TRUE)))), digits = 10)",
    ]


def _regression(column: str, one: Equation, named: dict[str, str]) -> list[str]:
    lines = ["rows <- panel", *(f"rows <- rows[{_condition(c)}, ]" for c in one.conditions)]
    if one.complete:
        listed = ", ".join(json.dumps(named[term]) for term in one.complete)
        lines.append(f"rows <- rows[complete.cases(rows[, c({listed})]), ]")
    exogenous = " + ".join(named[term] for term in one.regressors) or "1"
    formula = f"{named[one.outcome]} ~ {exogenous}"
    if one.fixed_effects:
        formula += f" | {' + '.join(one.fixed_effects)}"
    if one.endogenous:
        inner = " + ".join(named[term] for term in one.endogenous)
        outer = " + ".join(named[term] for term in one.instruments)
        formula += f" | {inner} ~ {outer}"
    errors = 'vcov = "iid"'
    if one.errors == "clustered":
        errors = f"cluster = ~{one.cluster}"
    elif one.errors == "robust":
        errors = 'vcov = "hetero"'
    singletons = ', fixef.rm = "singleton"' if one.fixed_effects else ""
    model = f"models[[{_value(column)}]]"
    lines += [
        f"{model} <- feols({formula},",
        f"  data = rows, {errors}, ssc = small_sample{singletons})",
    ]
    if one.endogenous:
        lines.append(f"print(fitstat({model}, ~ ivwald1))")
    return lines


def _condition(one: Condition) -> str:
    column = f"rows${one.name}"
    if one.kind == "between":
        low, high = one.values
        bounds = [f"{column} >= {_value(low)}"] if low is not None else []
        bounds += [f"{column} <= {_value(high)}"] if high is not None else []
        return f"which({' & '.join(bounds) or f'!is.na({column})'})"
    listed = ", ".join(map(_value, one.values))
    found = f"{column} %in% c({listed})"
    return found if one.kind == "in" else f"!({found})"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
