"""Answers about exclusion: other ways from the instrument to the outcome, the unit's own choice
of words, and reports that look back."""

from __future__ import annotations

from dti_assets.publishing.needs import OTHERS_VARIANT, ROBUSTNESS, WEAK
from dti_assets.publishing.referee.answers import (
    IN_PART,
    LEVEL,
    NOT_BORNE_OUT,
    NOT_TESTED,
    STANDS,
    Answer,
    Piece,
    bounded,
    excludes_zero,
    instrumented,
    no_check,
    no_column,
    no_set,
    not_tested,
    told,
    two_stage,
    untested,
    variant,
)
from dti_assets.publishing.referee.citing import Citer, Sentence, Stored, plain, say

DIRECT, PLACEBO, LEADS = (
    *("direct effect of the instrument", "placebo hubs"),
    "leads as a pre-trend",
)
OWN_HUB = "the study's own hub"
OUTLOOK, WHOLE = "section: plan", "section: whole"


def exclusion(stored: Stored) -> Answer:
    """May the instrument move the outcome by another way than the regressor?"""
    row = two_stage(stored)
    if row is None:
        return untested("", no_column(stored))
    cell = stored.citer(WEAK, row)
    direct = [r for r in stored.rows(ROBUSTNESS, check=DIRECT) if r["estimate"] is not None]
    held = [r for r in direct if bounded(r) and "excludes zero" in (r["note"] or "")]
    if held:
        last = stored.citer(ROBUSTNESS, held[-1])
        finding = IN_PART
        verdict = say(
            "The objection stands in part: exclusion cannot be proven, but with a direct effect "
            "of the instrument {} the 95 % set, from {} to {}, still excludes zero.",
            *(last("variant", "text"), last("conf_low"), last("conf_high")),
        )
    else:
        finding = STANDS
        verdict = say("The objection stands: exclusion cannot be proven, and ") + (
            _first_direct(stored.citer(ROBUSTNESS, direct[0]))
            if direct
            else say("no sensitivity to a direct effect is stored.")
        )
    pieces = [told(verdict)]
    if cell.has("p_wild"):
        pieces.append(
            told(
                say("Reduced form of {} on the instrument: coefficient {}, wild bootstrap p {}.",
                    cell("outcome", "text"), cell("reduced_form"), cell("p_wild", "probability"))
            )
        )  # fmt: skip
    for one in direct:
        c = stored.citer(ROBUSTNESS, one)
        if c.has("conf_low", "conf_high"):
            sets = say("Direct effect {}: the union of the 95 % sets is from {} to {}.",
                       c("variant", "text"), c("conf_low"), c("conf_high"))  # fmt: skip
            pieces.append(told(sets))
    if not direct:
        pieces.append(not_tested("Direct effects", no_check(stored, DIRECT)))
    for name, what in (
        ("distance x trend", "With distance times a trend as a control"),
        ("without exclusion-risk terms", "Without the terms that may touch exports otherwise"),
    ):
        pieces.append(varied(stored, "instruments", name, what))
    pieces += _placebos(stored)
    if cell.has("hansen_p"):
        pieces.append(told(say("Hansen's test of the further instruments: p {}.",
                               cell("hansen_p", "probability"))))  # fmt: skip
    else:
        several = "," in str(row["instruments"])
        why = (
            "no test of the further instruments is stored"
            if several
            else "one instrument for one regressor leaves no restriction to test"
        )
        pieces.append(not_tested("Overidentification", why))
    why = "no stored table holds a distance to a port"
    pieces.append(not_tested("Distance to a port by year as a control", why))
    return Answer(finding, tuple(pieces))


def _first_direct(cell: Citer) -> Sentence:
    """What the smallest direct effect that was tried leaves of the set."""
    said = say("with a direct effect of the instrument {} the 95 % set ", cell("variant", "text"))
    if not cell.has("conf_low", "conf_high"):
        return said + say("is empty.")
    ends = (cell("conf_low"), cell("conf_high"))
    if bounded(cell.row):
        return said + say("reaches from {} to {} and includes zero.", *ends)
    return said + say("is unbounded (outer ends {} and {}).", *ends)


def varied(stored: Stored, check: str, name: str, what: str) -> Piece:
    """A variant of the 2SLS column as evidence, or why it has no number."""
    found = variant(stored, check, name)
    if found is None:
        return not_tested(what, no_check(stored, check, name))
    return told(instrumented(stored.citer(ROBUSTNESS, found), what))


def _placebos(stored: Stored) -> list[Piece]:
    """The strongest first stage among instruments with another hub, and the study's hub under the
    same rule: none keeps its own unit."""
    hubs = [r for r in stored.rows(ROBUSTNESS, check=PLACEBO) if r["first_stage_f"] is not None]
    own = next((r for r in hubs if (r["note"] or "").startswith(OWN_HUB)), None)
    others = [r for r in hubs if r is not own]
    if own is None or not others:
        return [not_tested("Other cities as the hub", no_check(stored, PLACEBO))]
    best = max(others, key=lambda r: r["first_stage_f"])
    cell, mine = stored.citer(ROBUSTNESS, best), stored.citer(ROBUSTNESS, own)
    reading = (
        "strength alone does not single out the study's hub"
        if best["first_stage_f"] > own["first_stage_f"]
        else "no other city does better"
    )
    return [
        told(
            say(f"Other cities as the hub, each without its own {stored.level.noun}: the strongest "
                f"is {{}} with a first-stage F of {{}}, against {{}} of {{}} ({{}}); {reading}.",
                cell("variant", "text"), cell("first_stage_f"),
                mine("first_stage_f"), mine("variant", "text"), mine("note", "text"))
        )
    ]  # fmt: skip


def own_choice(stored: Stored) -> Answer:
    """Does the unit itself choose what shifts its instrument?"""
    row = two_stage(stored)
    if row is None:
        return untested("", no_column(stored))
    check, name = OTHERS_VARIANT
    others = variant(stored, check, name)
    if others is None:
        return untested("", no_check(stored, check, name))
    if (lacking := no_set(stored, others)) is not None:
        return untested("", lacking)
    cell = stored.citer(ROBUSTNESS, others)
    noun = stored.level.noun
    start = f"with the other {stored.level.plural}' mean frequency in place of the {noun}'s own"
    if excludes_zero(others):
        same = others["estimate"] * row["estimate"] > 0
        finding = IN_PART
        head = (
            f"The objection stands in part: the choice is the {noun}'s own, yet {start}"
            if same
            else f"The objection stands in part, and matters: {start}"
        )
        tail = (
            " The effect does not hang on the own choice of words, but the shocks are as few as "
            "the years."
            if same
            else " The sign is another one than with the own words."
        )
    else:
        finding = STANDS
        head = (
            f"The objection stands: this is no shift-share design, for the {noun} writes its own "
            f"report, and {start}"
        )
        tail = (
            " Without the own choice the data do not bound the effect."
            if not bounded(others)
            else " The set has ends on both sides of zero."
        )
    pieces = [told(instrumented(cell, head) + plain(tail))]
    if cell.has("note"):
        pieces.append(told(say("To be read with this: {}.", cell("note", "text"))))
    pieces.append(
        varied(stored, "instruments", "keyword frequency as a control",
               "With the own frequency as a control, so that only the distances identify,")
    )  # fmt: skip
    why = "no stored table holds one (dates of central programmes, for instance)"
    pieces.append(not_tested(f"A shift from outside the {noun}", why))
    return Answer(finding, tuple(pieces))


def review_half(stored: Stored) -> Answer:
    """Do reports count what exports have already done?"""
    row = two_stage(stored)
    if row is None:
        return untested("", no_column(stored))
    plan, leads = variant(stored, "instruments", OUTLOOK), _leads(stored)
    # the study's own section is no variant: a row of the others is stored, estimated or not
    outlook, whole = (
        stored.first(ROBUSTNESS, check="instruments", variant=name) for name in (OUTLOOK, WHOLE)
    )
    if outlook is None and whole is not None:
        # the study counts outlooks alone, so that its own column is the remedy
        verdict = say("The objection does not reach this study: it counts the outlook halves "
                      "alone. Its 2SLS coefficient is {}",
                      stored.cite(WEAK, row, "estimate"))  # fmt: skip
        if whole["estimate"] is not None:
            estimate = stored.cite(ROBUSTNESS, whole, "estimate")
            verdict += say("; with whole reports it is {}", estimate)
        return Answer(NOT_BORNE_OUT, (told(verdict + say(".")), *leads))
    why = no_check(stored, "instruments", OUTLOOK) if plan is None else no_set(stored, plan)
    if plan is None or why is not None:
        return Answer(NOT_TESTED, (not_tested("", why or ""), *leads))
    cell = stored.citer(ROBUSTNESS, plan)
    what = "with the outlook half of the reports alone"
    base = "whole reports" if whole is None else "the reviews that this study counts"
    if excludes_zero(plan):
        same = plan["estimate"] * row["estimate"] > 0
        finding = NOT_BORNE_OUT if same else STANDS
        head = (
            f"The stored figures do not bear the objection out: {what}"
            if same
            else f"The objection stands, and matters: {what}"
        )
        tail = f" The sign is that of {base}." if same else " The sign is another one."
    else:
        finding = STANDS
        head = f"The objection stands: {what}"
        tail = (
            " Whether the reviews drive the estimate cannot be told from that."
            if not bounded(plan)
            else " The set has ends on both sides of zero."
        )
    said = instrumented(cell, head) + plain(tail)
    said += say(f" With {base} the coefficient is {{}}.", stored.cite(WEAK, row, "estimate"))
    if whole is not None and whole["estimate"] is not None:
        said += say(" With whole reports it is {}.", stored.cite(ROBUSTNESS, whole, "estimate"))
    return Answer(finding, (told(said), *leads))


def _leads(stored: Stored) -> list[Piece]:
    """Whether next years' instrument moves today's outcome."""
    joint = stored.first(ROBUSTNESS, check=LEADS, term="all leads are zero")
    if joint is None or joint["estimate"] is None or joint["p_wild"] is None:
        return [not_tested("Next years' instrument in the reduced form", no_check(stored, LEADS))]
    cell = stored.citer(ROBUSTNESS, joint)
    reading = (
        "they go with today's outcome, as they would if outcomes moved reports"
        if joint["p_wild"] <= LEVEL
        else "no sign that outcomes move later reports, which says little at this first stage"
        if not _usable(stored)
        else "no sign that outcomes move later reports"
    )
    return [
        told(
            say(f"Next years' instrument in the reduced form: joint F {{}}, wild bootstrap p {{}}; "
                f"{reading}.", cell("estimate"), cell("p_wild", "probability"))
        )
    ]  # fmt: skip


def _usable(stored: Stored) -> bool:
    row = two_stage(stored)
    return row is not None and bounded(row, "ar_low", "ar_high")
