"""What the stored tables have to say to each objection: the finding, and the facts behind it.

Here it is decided how an objection fares and which rows bear on it. The words are in the template
of the same name in reference/report/answers, the objections in reference/report/objections.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from importlib.resources import files
from typing import Any

import yaml

from dti_assets.publishing.needs import BASELINE, LEFT_OUT, OTHERS_VARIANT, ROBUSTNESS, WEAK
from dti_assets.publishing.referee.citing import (
    NOT_TESTED,
    Cited,
    Sentence,
    Stored,
    StoredRow,
    reasons,
)
from dti_assets.publishing.sentences import ALL
from dti_assets.publishing.typesetting import cluster_words, errors_word
from dti_assets.units.hubs import hub_dropped

# how an objection fares against the stored figures
STANDS, IN_PART, NOT_BORNE_OUT = "stands", "stands in part", "not borne out"
FINDINGS = (STANDS, IN_PART, NOT_BORNE_OUT, NOT_TESTED)
LEVEL = 0.05
# an instrument worth fewer clusters than this share of them rests on a few
_FEW = 1 / 3
# a standard error that grows by more than this has been understated
_WIDER = 1.1
DIRECT, PLACEBO, LEADS = (
    *("direct effect of the instrument", "placebo hubs"),
    "leads as a pre-trend",
)
OWN_HUB = "the study's own hub"
OUTLOOK, WHOLE = "section: plan", "section: whole"
CONLEY, WOLF, INDIRECT = "Conley errors", "romano_wolf", "indirect_effects"
PERMUTED, CURVE, AUDIT = "dictionary_permutation", "specification_curve", "measurement_audit"
EMPTY_SET: list[Cited | str] = ["the 95 % Anderson-Rubin set is empty: no value is left"]

# why there is no number: the reasons that are stored, or one in words
Why = list[Cited | str]


@dataclass(frozen=True)
class Answer:
    """The finding, then the verdict as the first sentence and the evidence after it."""

    finding: str
    sentences: tuple[Sentence, ...]


def _untested(stored: Stored, why: Why) -> Answer:
    """Return an answer that has no evidence at all."""
    return Answer(NOT_TESTED, stored.write("untested", what="", why=why))


def two_stage(stored: Stored) -> StoredRow | None:
    """Return the first 2SLS column that was estimated; the one the answers are about."""
    return next((r for r in stored.rows(WEAK) if r["estimate"] is not None), None)


def _no_column(stored: Stored) -> Why:
    return reasons(stored.rows(WEAK)) or ["the tables of this study have no 2SLS column"]


def _about_the_column(
    answer: Callable[[Stored, StoredRow], Answer],
) -> Callable[[Stored], Answer]:
    """Make an answer about the 2SLS column one that says why where there is no such column."""

    @wraps(answer)
    def answered(stored: Stored) -> Answer:
        row = two_stage(stored)
        return _untested(stored, _no_column(stored)) if row is None else answer(stored, row)

    return answered


def _baseline(stored: Stored) -> StoredRow | None:
    """Return the key coefficient of the last estimated column of the OLS baseline."""
    rows = stored.rows(BASELINE, role="key")
    return next((r for r in reversed(rows) if r.has("estimate", "p_value")), None)


def _twin(stored: Stored, row: StoredRow) -> StoredRow | None:
    """Return the same column without the hub's own unit; None where the study drops it."""
    name = f"{row['column']}{hub_dropped(stored.level)}"
    rows = stored.rows(WEAK, table=row["table"], column=name)
    return next((r for r in rows if r["estimate"] is not None), None)


def _variant(stored: Stored, check: str, name: str) -> StoredRow | Why:
    """Return a row of table robustness that has an estimate, or why there is none."""
    row = stored.first(ROBUSTNESS, check=check, variant=name)
    if row is not None and row["estimate"] is not None:
        return row
    return _no_check(stored, check, variant=name)


def _no_check(stored: Stored, check: str, **variant: str) -> Why:
    """Return why a check of table robustness has no number."""
    own = stored.rows(ROBUSTNESS, check=check, **variant)
    every = [r for r in stored.rows(ROBUSTNESS) if str(r["check"]).startswith("all checks of")]
    named = variant.get("variant", check)
    return reasons(own) or reasons(every) or [f"the stored checks have no row of it ({named})"]


def _no_set(row: StoredRow) -> Why | None:
    """Return why a variant with an estimate has no 95 % set; None where it has one."""
    return None if row.has("conf_low", "conf_high") else reasons([row]) or EMPTY_SET


@_about_the_column
def weak_instrument(stored: Stored, row: StoredRow) -> Answer:
    """Is the first stage strong enough for the second to mean anything?"""
    if row["ar_low"] is None:
        return _untested(stored, reasons([row]) or EMPTY_SET)
    rows = [one for one in (row, _twin(stored, row)) if one is not None]
    sets = [one.bounded("ar_low", "ar_high") for one in rows]
    finding = STANDS if not any(sets) else IN_PART
    if all(sets) and all(map(_strong, rows)):
        finding = NOT_BORNE_OUT
    published = stored.first("published_forensics")
    if published is not None and not published.has("f_low", "f_high", "ar_bounded"):
        published = None
    columns = [(one, cluster_words(one["largest_cluster"], units=stored.units)[1]) for one in rows]
    said = {"row": row, "columns": columns, "published": published}
    return Answer(finding, stored.write("weak_instrument", finding=finding, **said))


def _strong(row: StoredRow) -> bool:
    """Whether both the effective and, where errors are clustered, the jackknife F are above the
    critical value that limits the worst-case bias to a tenth. Without a jackknife F one cluster
    alone identifies the first stage."""
    critical, figures = row["effective_f_critical_10"], (row["effective_f"], row["jackknife_f"])
    known = [f for f in figures if f is not None]
    if row["jackknife_f"] is None and row["largest_cluster"] is not None:
        return False
    return critical is not None and bool(known) and min(known) > critical


@_about_the_column
def leverage(stored: Stored, row: StoredRow) -> Answer:
    """Does the estimate rest on the hub's unit and its neighbour?"""
    twin = _twin(stored, row)
    shares = [r for r in (row, twin) if r is not None and r["largest_share"] is not None]
    hub = stored.first("capital_distances", great_circle_km=0.0)
    names = ([hub[stored.level.name]] if hub else []) + [r["largest_cluster"] for r in shares]
    left_out = [
        r
        for name in dict.fromkeys(names)
        for r in stored.rows(LEFT_OUT, table=row["table"], column=row["column"], without=name)
        if r["estimate"] is not None
    ]
    if not shares or not left_out:
        noun = stored.level.noun
        why = reasons(stored.rows(LEFT_OUT, table=row["table"]))
        return _untested(stored, why or [f"leverage by {noun} needs errors clustered by {noun}"])
    few = any(r["effective_clusters"] < _FEW * r["n_clusters"] for r in shares)
    flips = any(r["estimate"] * row["estimate"] < 0 for r in left_out)
    finding = STANDS if few and flips else IN_PART if few or flips else NOT_BORNE_OUT
    one, several = cluster_words(shares[0]["largest_cluster"], units=stored.units)
    known = [r for r in stored.rows(WEAK) if r["largest_share"] is not None]
    longest = max(known, key=lambda r: r["n_obs"], default=row)
    return Answer(
        finding,
        stored.write(
            "leverage",
            finding=finding,
            row=row,
            shares=shares,
            left_out=left_out,
            far=max(left_out, key=lambda r: abs(r["difference"])),
            cluster=one,
            clusters=several,
            longest=longest if longest["n_obs"] > row["n_obs"] else None,
        ),
    )


@_about_the_column
def exclusion(stored: Stored, row: StoredRow) -> Answer:
    """May the instrument move the outcome by another way than the regressor?"""
    direct = [r for r in stored.rows(ROBUSTNESS, check=DIRECT) if r["estimate"] is not None]
    held = [r for r in direct if r.bounded() and "excludes zero" in (r["note"] or "")]
    # with another hub no unit is kept that lies in it, and so under the study's own here
    hubs = [r for r in stored.rows(ROBUSTNESS, check=PLACEBO) if r["first_stage_f"] is not None]
    own = next((r for r in hubs if (r["note"] or "").startswith(OWN_HUB)), None)
    others = [r for r in hubs if r is not own]
    said = stored.write(
        "exclusion",
        row=row,
        held=held[-1] if held else None,
        direct=direct,
        no_direct=_no_check(stored, DIRECT),
        trend=_variant(stored, "instruments", "distance x trend"),
        without_risk=_variant(stored, "instruments", "without exclusion-risk terms"),
        hub=own if others else None,
        best=max(others, key=lambda r: r["first_stage_f"], default=None),
        no_hub=_no_check(stored, PLACEBO),
    )
    return Answer(IN_PART if held else STANDS, said)


@_about_the_column
def own_choice(stored: Stored, row: StoredRow) -> Answer:
    """Does the unit itself choose what shifts its instrument?"""
    others = _variant(stored, *OTHERS_VARIANT)
    if not isinstance(others, StoredRow):
        return _untested(stored, others)
    if (lacking := _no_set(others)) is not None:
        return _untested(stored, lacking)
    finding = IN_PART if others.excludes_zero() else STANDS
    said = stored.write(
        "own_choice",
        finding=finding,
        others=others,
        same_sign=others["estimate"] * row["estimate"] > 0,
        controlled=_variant(stored, "instruments", "keyword frequency as a control"),
    )
    return Answer(finding, said)


@_about_the_column
def review_half(stored: Stored, row: StoredRow) -> Answer:
    """Do reports count what exports have already done?"""
    # the study's own section is no variant: a row of the others is stored, estimated or not
    outlook, whole = (
        stored.first(ROBUSTNESS, check="instruments", variant=name) for name in (OUTLOOK, WHOLE)
    )
    plan, why = _variant(stored, "instruments", OUTLOOK), None
    if outlook is None and whole is not None:
        # the study counts outlooks alone, so that its own column is the remedy
        finding, plan = NOT_BORNE_OUT, []
    elif not isinstance(plan, StoredRow):
        finding, why = NOT_TESTED, plan
    elif (why := _no_set(plan)) is not None:
        finding = NOT_TESTED
    else:
        same = plan.excludes_zero() and plan["estimate"] * row["estimate"] > 0
        finding = NOT_BORNE_OUT if same else STANDS
    # whether next years' instrument moves today's outcome
    joint = stored.first(ROBUSTNESS, check=LEADS, term="all leads are zero")
    leads = joint if joint is not None and joint.has("estimate", "p_wild") else None
    said: dict[str, Any] = {"row": row, "plan": plan, "whole": whole, "why": why, "leads": leads}
    said |= {"no_leads": _no_check(stored, LEADS), "LEVEL": LEVEL}
    return Answer(finding, stored.write("review_half", finding=finding, **said))


def dictionary(stored: Stored) -> Answer:
    """Is it the digital vocabulary, or would any policy vocabulary do?"""
    permuted = stored.rows(PERMUTED)
    placed = [r for r in permuted if r["statistic"] == "first_stage_f" and r["p_value"] is not None]
    own = [r["p_value"] <= LEVEL for r in placed]
    finding = NOT_BORNE_OUT if all(own) else IN_PART if any(own) else STANDS
    frozen = stored.first("frozen_instrument")
    said = stored.write(
        "dictionary",
        finding=finding if placed else NOT_TESTED,
        placed=placed,
        why=reasons(permuted) or ["no random dictionary was drawn"],
        terms=[("first-stage", _term(stored, "first stage")), ("2SLS", _term(stored, "2SLS"))],
        curve=_range(stored),
        frozen=frozen if frozen is not None and frozen["sentence"] is not None else None,
    )
    return Answer(finding if placed else NOT_TESTED, said)


def _term(stored: Stored, coefficient: str) -> StoredRow | Why:
    """Return the single term that moves a coefficient most, or why there is none."""
    rows = stored.rows("influence", coefficient=coefficient)
    terms = [r for r in rows if r["kind"] == "term" and r["change"] is not None]
    if terms:
        return max(terms, key=lambda r: abs(r["change"]))
    return reasons(rows) or ["no term is left out of it"]


def _range(stored: Stored) -> dict[str, StoredRow] | Why:
    """Return the ends over all ways of building the instrument, or why there are none."""
    rows = stored.rows(CURVE)
    cells = [r for r in rows if r["estimate"] is not None]
    if not cells:
        return reasons(rows) or ["none is stored"]
    low, high = (pick(cells, key=lambda r: r["estimate"]) for pick in (min, max))
    return {"low": low, "high": high}


@_about_the_column
def measurement_error(stored: Stored, row: StoredRow) -> Answer:
    """Do the counts measure what they should?"""
    found, lacking = [], {}
    for source in ("reports", "patents"):
        rows = stored.rows(AUDIT, source=source)
        shown = [r for r in rows if r["estimate"] is not None and _of_all(r)]
        found += shown
        if not shown:
            lacking[source] = reasons(rows) or ["no labelled sample is stored"]
    corrected = [r for r in found if r["part"] == "estimate" and r["measure"] == "2SLS"]
    flips = [r for r in corrected if (r["estimate"] or 0.0) * (r["uncorrected"] or 0.0) < 0]
    definitions = {
        str(r["variant"]): _variant(stored, "instruments", r["variant"])
        for r in stored.rows(ROBUSTNESS, check="instruments")
    }
    said = stored.write(
        "measurement_error",
        flip=flips[0] if flips else None,
        corrected=corrected,
        found=found,
        lacking=lacking,
        # what stands in for a variable that the data lack
        proxy=next((r for r in stored.rows(BASELINE) if r.get("proxies")), None),
        definitions=definitions,
    )
    return Answer(NOT_TESTED if not found else STANDS if flips else IN_PART, said)


def _of_all(row: StoredRow) -> bool:
    """Whether a row of the audit is about all items of its source, or about an estimate."""
    if row["part"] == "estimate":
        return True
    return row["part"] != "correction" and row["scope"] == ALL[row["source"]]


def few_clusters(stored: Stored) -> Answer:
    """Does inference rest on too few units?"""
    row = _baseline(stored)
    if row is None or row["p_wild"] is None:
        why = reasons(stored.rows(BASELINE, role="key"))
        return _untested(stored, why or ["the errors of this study are not clustered"])
    usual, wild = row["p_value"] <= LEVEL, row["p_wild"] <= LEVEL
    finding = NOT_BORNE_OUT if usual == wild else STANDS if usual else IN_PART
    column = two_stage(stored)
    rows = [r for r in stored.rows(WOLF) if r["n_clusters"] is not None]
    tested = [r for r in rows if r["p_wild"] is not None]
    without = [r for r in rows if r["p_wild"] is None and r["reason"] is not None]
    fewest, too_few = (
        min(some, key=lambda r: r["n_clusters"], default=None) for some in (tested, without)
    )
    said = {"row": row, "fewest": fewest, "too_few": too_few, "LEVEL": LEVEL}
    said["column"] = column if column is not None and column["p_wild"] is not None else None
    return Answer(finding, stored.write("few_clusters", finding=finding, **said))


def spatial(stored: Stored) -> Answer:
    """Are near units' errors correlated?"""
    rows = [r for r in stored.rows(ROBUSTNESS, check=CONLEY) if r["std_error"] is not None]
    row = _baseline(stored)
    if not rows or row is None:
        return _untested(stored, _no_check(stored, CONLEY))
    widest = max(rows, key=lambda r: r["std_error"])
    before, after = row.excludes_zero(), widest.excludes_zero()
    finding = STANDS if before and not after else IN_PART
    if before == after and widest["std_error"] <= _WIDER * row["std_error"]:
        finding = NOT_BORNE_OUT
    said = {"row": row, "widest": widest, "conley": rows, "agree": before == after}
    said["usual"] = errors_word(row["errors"])
    return Answer(finding, stored.write("spatial", finding=finding, **said))


def multiple_testing(stored: Stored) -> Answer:
    """How many of the tables' stars are there by chance?"""
    rows = stored.rows(WOLF)
    known = [r for r in rows if r["p_romano_wolf"] is not None]
    if not known:
        return _untested(stored, reasons(rows) or ["no hypothesis is stored"])
    alone = [r for r in known if r["p_wild"] is not None and r["p_wild"] <= LEVEL]
    kept = [r for r in known if r["p_romano_wolf"] <= LEVEL]
    lost = [r for r in alone if r not in kept]
    finding = NOT_BORNE_OUT if not lost else IN_PART if kept else STANDS
    unknown: dict[Any, list[StoredRow]] = {}
    for row in rows:
        if row["p_romano_wolf"] is None:
            unknown.setdefault(row["reason"], []).append(row)
    said = stored.write(
        "multiple_testing",
        alone=alone,
        kept=kept,
        lost=lost,
        least=min(known, key=lambda r: r["p_romano_wolf"]),
        rest=[r for r in known if r not in kept and r not in lost],
        unknown=[(some, reasons(some) or ["no p-value is stored"]) for some in unknown.values()],
    )
    return Answer(finding, said)


def mediation(stored: Stored) -> Answer:
    """Is the indirect effect there, and is it causal?"""
    rows = stored.rows(INDIRECT)
    known = [r for r in rows if r["indirect"] is not None]
    held = [r for r in known if r.excludes_zero()]
    why: Why = reasons(r for r in rows if r["indirect"] is None)
    if not known:
        why = why or ["no table of this study names a mediator"]
    finding = NOT_TESTED if not known else IN_PART if held else STANDS
    return Answer(finding, stored.write("mediation", known=known, held=held, why=why))


ANSWERS: dict[str, Callable[[Stored], Answer]] = {
    answer.__name__: answer
    for answer in (
        *(weak_instrument, leverage, exclusion, own_choice, review_half, dictionary),
        *(measurement_error, few_clusters, spatial, multiple_testing, mediation),
    )
}


def response_rows(stored: Stored) -> list[dict[str, Any]]:
    """Return the rows of table referee_response: a row for every number of every sentence, and for
    every sentence without one. Objection 0 says which column the answers are about."""
    row = two_stage(stored)
    about = (
        stored.write("untested", what="The instrument", why=_no_column(stored))
        if row is None
        else stored.write("about", row=row)
    )
    rows = list(_rows({"objection": 0, "name": "What is asked about"}, about))
    source = files("dti_assets.reference") / "report" / "objections.yaml"
    objections = yaml.safe_load(source.read_text(encoding="utf-8"))
    for number, objection in enumerate(objections, start=1):
        answer = ANSWERS[objection["answer"]](stored)
        said = {name: stored.level.words(objection[name]) for name in ("name", "question")}
        rows += _rows({"objection": number, **said, "finding": answer.finding}, answer.sentences)
    return rows


def _rows(head: dict[str, Any], sentences: Sequence[Sentence]) -> Iterator[dict[str, Any]]:
    for place, sentence in enumerate(sentences, start=1):
        whole = head | {"piece": place, "state": sentence.state, "sentence": str(sentence)}
        cited = sentence.citations()
        if not cited:
            yield whole | {"number": 0}
        for number, (start, one) in enumerate(cited, start=1):
            yield whole | {
                "number": number,
                "start": start,
                "shown": one.shown,
                "source_asset": one.asset,
                "source_row": one.row,
                "source_column": one.column,
                "value": one.value,
                "text": one.text,
            }
