"""A table's equations as a Stata script: reghdfe, ivreghdfe, or regress and ivreg2 without effects.

The script reads the exported panel by a path relative to outputs/tables.
"""

from __future__ import annotations

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

_HEAD = (
    "Reads ../panel/panel.dta: run it from the folder it lies in, outputs/tables.",
    "Needs: ssc install ftools; reghdfe; ranktest; ivreg2; ivreghdfe",
)
_FACTOR = "reghdfe, ivreghdfe and regress apply this; ivreg2 does with the option small."


def stata_script(script: Script) -> str:
    """The .do file."""
    named = all_terms(script)
    lines = [*_comment([script.title, f"Stored numbers: {script.table}.csv", *_HEAD, ""])]
    lines += _comment([*SMALL_SAMPLE, _FACTOR, *scaled(script), *script.remarks])
    lines += ["version 14", "clear all", "set more off", 'use "../panel/panel.dta", clear']
    lines += _identifiers(script)
    lines += _computed(script, named)
    if script.described:
        lines += ["", *_described(script)]
    for place, column in enumerate(script.columns, start=1):
        lines += ["", *_comment([f"Column {column.name}", *column.remarks])]
        if column.equation is not None:
            lines += _regression(place, column.equation, script, named)
    return "\n".join(lines) + "\n"


def _comment(remarks: list[str] | tuple[str, ...]) -> list[str]:
    # a slash before a star would open a comment that never ends
    plain = [" ".join(remark.split()).replace("/*", "/ *") for remark in remarks]
    return [f"* {remark}".rstrip() for remark in plain]


def _identifier(name: str, script: Script) -> str:
    """Effects and clusters must be numbers."""
    return f"id_{name}" if name in script.text_columns else name


def _identifiers(script: Script) -> list[str]:
    wanted: dict[str, None] = {}
    for column in script.columns:
        if column.equation:
            groups = (*column.equation.fixed_effects, column.equation.cluster or "")
            wanted |= dict.fromkeys(name for name in groups if name in script.text_columns)
    if script.described or any(f.shift for term in all_terms(script) for f in factors(term)):
        wanted[script.level.name] = None
    return [f"egen long id_{name} = group({name})" for name in wanted]


def _computed(script: Script, named: dict[str, str]) -> list[str]:
    terms = [term for term in named if is_computed(term)]
    lines = []
    if any(factor.shift for term in terms for factor in factors(term)):
        lines.append(f"tsset id_{script.level.name} year")
    for term in terms:
        times = [str(scale(term))] if scale(term) != 1 else []
        product = " * ".join([*times, *(_factor(factor, script) for factor in factors(term))])
        # a comparison with a missing value is true in Stata
        present = [f.column for f in factors(term) if f.sign]
        where = f" if !missing({', '.join(present)})" if present else ""
        lines.append(f"generate double {named[term]} = {product}{where}")
    return lines


def _factor(factor: Factor, script: Script) -> str:
    if factor.sign:
        value = _value(factor.value) if factor.column in script.text_columns else factor.value
        sign = "==" if factor.sign == "=" else factor.sign
        return f"({factor.column} {sign} {value})"
    if factor.shift:
        return f"{'L' if factor.shift > 0 else 'F'}{abs(factor.shift)}.{factor.column}"
    return factor.column


def _described(script: Script) -> list[str]:
    level = script.level
    return [
        f"tabstat {' '.join(script.described)}, statistics(n mean sd min median max) "
        "columns(statistics)",
        f"* SD within: of what {level.noun} and year means leave, divided by N",
        f"foreach v of varlist {' '.join(script.described)} {{",
        "    capture drop left_over",
        f"    reghdfe `v', absorb(id_{level.name} year) residuals(left_over) keepsingletons",
        "    summarize left_over",
        '    display "`v\': SD within = " r(sd) * sqrt((r(N) - 1) / r(N))',
        "}",
    ]


def _regression(place: int, one: Equation, script: Script, named: dict[str, str]) -> list[str]:
    lines = ["preserve", *(f"keep if {_condition(c)}" for c in one.conditions)]
    if one.complete:
        lines.append(f"keep if !missing({', '.join(named[term] for term in one.complete)})")
    words = [named[one.outcome]]
    if one.endogenous:
        inner = " ".join(named[term] for term in one.endogenous)
        outer = " ".join(named[term] for term in one.instruments)
        words.append(f"({inner} = {outer})")
    words += [named[term] for term in one.regressors]
    options = []
    if one.fixed_effects:
        effects = " ".join(_identifier(name, script) for name in one.fixed_effects)
        options.append(f"absorb({effects})")
    command = "reghdfe" if one.fixed_effects else "regress"
    if one.endogenous:
        command = "ivreghdfe" if one.fixed_effects else "ivreg2"
        options += [*_instrumented_errors(one, script), "small", "first"]
    else:
        options += _errors(one, script)
    tail = f", {' '.join(options)}" if options else ""
    lines.append(f"{command} {' '.join(words)}{tail}")
    return [*lines, f"estimates store column_{place}", "restore"]


def _errors(one: Equation, script: Script) -> list[str]:
    if one.errors == "clustered" and one.cluster:
        return [f"vce(cluster {_identifier(one.cluster, script)})"]
    return ["vce(robust)"] if one.errors == "robust" else []


def _instrumented_errors(one: Equation, script: Script) -> list[str]:
    if one.errors == "clustered" and one.cluster:
        return [f"cluster({_identifier(one.cluster, script)})"]
    return ["robust"] if one.errors == "robust" else []


def _condition(one: Condition) -> str:
    if one.kind == "between":
        low, high = one.values
        bounds = [f"{one.name} >= {_value(low)}"] if low is not None else []
        # a missing value is larger than any number
        bounds.append(f"!missing({one.name})" if high is None else f"{one.name} <= {_value(high)}")
        return " & ".join(bounds)
    sign, join = ("==", " | ") if one.kind == "in" else ("!=", " & ")
    return join.join(f"{one.name} {sign} {_value(value)}" for value in one.values)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return f'"{value}"' if isinstance(value, str) else repr(value)
