"""Answers about inference: few units, near units, many hypotheses, and mediation."""

from __future__ import annotations

from dti_assets.publishing.needs import BASELINE, ROBUSTNESS, WEAK
from dti_assets.publishing.referee.answers import (
    IN_PART,
    LEVEL,
    NOT_BORNE_OUT,
    STANDS,
    Answer,
    Piece,
    bounded,
    excludes_zero,
    no_check,
    not_tested,
    told,
    two_stage,
    untested,
)
from dti_assets.publishing.referee.citing import Row, Sentence, Stored, listed, say
from dti_assets.publishing.typesetting import errors_word

# a standard error that grows by more than this has been understated
_WIDER = 1.1
CONLEY, WOLF, INDIRECT = "Conley errors", "romano_wolf", "indirect_effects"


def baseline(stored: Stored) -> Row | None:
    """The key coefficient of the last estimated column of the OLS baseline."""
    rows = [
        r
        for r in stored.rows(BASELINE, role="key")
        if r["estimate"] is not None and r["p_value"] is not None
    ]
    return rows[-1] if rows else None


def few_clusters(stored: Stored) -> Answer:
    """Does inference rest on too few units?"""
    row = baseline(stored)
    if row is None or row["p_wild"] is None:
        why = stored.reasons(BASELINE, stored.rows(BASELINE, role="key"))
        return untested("", why or say("the errors of this study are not clustered"))
    cell = stored.citer(BASELINE, row)
    usual, wild = row["p_value"] <= LEVEL, row["p_wild"] <= LEVEL
    numbers = (cell("estimate"), cell("n_clusters", "whole"), cell("p_value", "probability"),
               cell("p_wild", "probability"))  # fmt: skip
    figures = (
        "the baseline coefficient of {} rests on {} clusters, with p {} by the usual t-test and "
        "p {} by the wild cluster bootstrap"
    )
    if usual and not wild:
        finding = STANDS
        verdict = say(
            f"The objection stands: {figures}, so that its stars do not survive.", *numbers
        )
    elif usual == wild:
        finding = NOT_BORNE_OUT
        same = (
            "both reject zero at 5 %"
            if usual
            else "neither rejects zero at 5 %, so that there is no star to lose"
        )
        verdict = say("The stored figures do not bear the objection out: "
                      f"{figures}; {same}.", *numbers)  # fmt: skip
    else:
        finding = IN_PART
        verdict = say(f"The objection stands in part: {figures}; only the latter rejects zero at "
                      "5 %.", *numbers)  # fmt: skip
    pieces = [told(verdict)]
    if cell.has("std_error", "se_crv3"):
        pieces.append(
            told(
                say("Standard error of the baseline: {} by clusters, {} by the jackknife over "
                    f"{stored.level.plural}.", cell("std_error"), cell("se_crv3"))
            )
        )  # fmt: skip
    return Answer(finding, (*pieces, *_two_stage_p(stored), *_smallest(stored)))


def _two_stage_p(stored: Stored) -> list[Piece]:
    row = two_stage(stored)
    if row is None or row["p_wild"] is None:
        return []
    cell = stored.citer(WEAK, row)
    return [
        told(
            say("The Anderson-Rubin set of the 2SLS column, on {} clusters, is that of the wild "
                "bootstrap; its p of no effect is {}.",
                cell("n_clusters", "whole"), cell("p_wild", "probability"))
        )
    ]  # fmt: skip


def _smallest(stored: Stored) -> list[Piece]:
    """The sub-sample with fewest clusters, and those without any inference."""
    rows = [r for r in stored.rows(WOLF) if r["n_clusters"] is not None]
    tested = [r for r in rows if r["p_wild"] is not None]
    without = [r for r in rows if r["p_wild"] is None and r["reason"] is not None]
    found = []
    if tested:
        cell = stored.citer(WOLF, min(tested, key=lambda r: r["n_clusters"]))
        said = say("Fewest clusters of a sub-sample: {}, with {}; wild bootstrap p {}.",
                   cell("hypothesis", "text"), cell("n_clusters", "whole"),
                   cell("p_wild", "probability"))  # fmt: skip
        found.append(told(said))
    if without:
        cell = stored.citer(WOLF, min(without, key=lambda r: r["n_clusters"]))
        found.append(told(say("Too few for a test: {}, {}.",
                              cell("hypothesis", "text"), cell("reason", "text"))))  # fmt: skip
    return found


def spatial(stored: Stored) -> Answer:
    """Are near units' errors correlated?"""
    rows = [r for r in stored.rows(ROBUSTNESS, check=CONLEY) if r["std_error"] is not None]
    row = baseline(stored)
    if not rows or row is None:
        return untested("", no_check(stored, CONLEY))
    widest = max(rows, key=lambda r: r["std_error"])
    cell, own = stored.citer(ROBUSTNESS, widest), stored.citer(BASELINE, row)
    before, after = excludes_zero(row), excludes_zero(widest)
    usual = errors_word(row["errors"])
    figures = (
        "with Conley errors ({}) the baseline's standard error is {} instead of {} and its 95 % "
        "interval from {} to {}"
    )
    numbers = (cell("variant", "text"), cell("std_error"), own("std_error"), cell("conf_low"),
               cell("conf_high"))  # fmt: skip
    if before and not after:
        finding = STANDS
        verdict = say(f"The objection stands: {figures}, which includes zero, as the {usual} one "
                      "does not.", *numbers)  # fmt: skip
    elif before == after and cell.row["std_error"] <= _WIDER * row["std_error"]:
        finding = NOT_BORNE_OUT
        same = "excludes" if after else "includes"
        verdict = say("The stored figures do not bear the objection out: "
                      f"{figures}; either way it {same} zero.", *numbers)  # fmt: skip
    else:
        finding = IN_PART
        same = (
            f"either way it {'excludes' if after else 'includes'} zero"
            if before == after
            else f"it excludes zero, as the {usual} one does not"
        )
        verdict = say(f"The objection stands in part: {figures}; {same}.", *numbers)
    pieces = [told(verdict)]
    for one in rows:
        c = stored.citer(ROBUSTNESS, one)
        pieces.append(
            told(
                say("Conley errors, {}: standard error {}, p {}.",
                    c("variant", "text"), c("std_error"), c("p_value", "probability"))
            )
        )  # fmt: skip
    why = "the stored Conley errors are those of the baseline, estimated by OLS"
    return Answer(finding, (*pieces, not_tested("The 2SLS column", why)))


def multiple_testing(stored: Stored) -> Answer:
    """How many of the tables' stars are there by chance?"""
    rows = stored.rows(WOLF)
    known = [r for r in rows if r["p_romano_wolf"] is not None]
    if not known:
        return untested("", stored.reasons(WOLF, rows) or say("no hypothesis is stored"))
    alone = [r for r in known if r["p_wild"] is not None and r["p_wild"] <= LEVEL]
    kept = [r for r in known if r["p_romano_wolf"] <= LEVEL]
    lost = [r for r in alone if r not in kept]
    if not alone:
        least = stored.citer(WOLF, min(known, key=lambda r: r["p_romano_wolf"]))
        verdict = say("The stored figures do not bear the objection out, for there is nothing to "
                      "correct: no hypothesis is rejected at 5 % even alone. The smallest stepdown "
                      "p is {} ({}).",
                      least("p_romano_wolf", "probability"),
                      least("hypothesis", "text"))  # fmt: skip
        finding = NOT_BORNE_OUT
    elif not kept:
        finding = STANDS
        verdict = say("The objection stands: none of what is rejected at 5 % alone is left once "
                      "all hypotheses are allowed for (")  # fmt: skip
        verdict += _both(stored, lost) + say(").")
    elif lost:
        finding = IN_PART
        verdict = say("The objection stands in part. Rejected at 5 % also by the stepdown test: ")
        verdict += _both(stored, kept) + say(". Rejected alone only: ")
        verdict += _both(stored, lost) + say(".")
    else:
        finding = NOT_BORNE_OUT
        verdict = say("The stored figures do not bear the objection out: what is rejected at 5 % "
                      "alone is so by the stepdown test too: ")  # fmt: skip
        verdict += _both(stored, kept) + say(".")
    pieces = [told(verdict)]
    rest = [r for r in known if r not in kept and r not in lost]
    if rest:
        pieces.append(told(say("Not rejected at 5 % alone: ") + _both(stored, rest) + say(".")))
    for reason in dict.fromkeys(r["reason"] for r in rows if r["p_romano_wolf"] is None):
        same = [r for r in rows if r["reason"] == reason]
        names = [say("{}", stored.cite(WOLF, r, "hypothesis", "text")) for r in same]
        why = stored.reasons(WOLF, same) or say("no p-value is stored")
        pieces.append(
            Piece("not tested", listed(names) + say(": not tested, because ") + why + say("."))
        )
    family = "the stepdown test covers the tables of sub-samples and other outcomes"
    pieces.append(not_tested("The 2SLS columns and the baseline in the same family", family))
    return Answer(finding, tuple(pieces))


def _both(stored: Stored, rows: list[Row]) -> Sentence:
    """Hypotheses with the p-value alone and the one that allows for all."""
    parts = []
    for row in rows:
        cell = stored.citer(WOLF, row)
        part = say("{}", cell("hypothesis", "text"))
        if cell.has("p_wild"):
            both = (cell("p_wild", "probability"), cell("p_romano_wolf", "probability"))
            part += say(" (p {}, stepdown {})", *both)
        parts.append(part)
    return listed(parts)


def mediation(stored: Stored) -> Answer:
    """Is the indirect effect there, and is it causal?"""
    rows = stored.rows(INDIRECT)
    known = [r for r in rows if r["indirect"] is not None]
    why = "one instrument cannot identify the step to the mediator and the step from it"
    cannot = not_tested("Mediation with an instrument", why)
    if not known:
        reason = stored.reasons(INDIRECT, rows) or say("no table of this study names a mediator")
        return Answer("not tested", (not_tested("", reason), cannot))
    held = [r for r in known if excludes_zero(r)]
    if held:
        finding = IN_PART
        verdict = say("The objection stands in part: an indirect effect is there (")
        verdict += listed([_effect(stored, r) for r in held])
        verdict += say("), but causal only if nothing unseen moves both mediator and outcome.")
    else:
        finding = STANDS
        verdict = say("The objection stands: no interval of an indirect effect excludes zero (")
        verdict += listed([_effect(stored, r) for r in known if r["version"] == "single"] or
                          [_effect(stored, r) for r in known])  # fmt: skip
        verdict += say(").")
    pieces = [told(verdict)]
    for row in known:
        cell = stored.citer(INDIRECT, row)
        said = say("Mediator {}, {}: total {}, direct {}, indirect {}, N = {}",
                   cell("mediator", "text"), cell("version", "text"), cell("total"),
                   cell("direct"), cell("indirect"), cell("n_obs", "whole"))  # fmt: skip
        if cell.has("sobel_p"):
            said += say(", Sobel p {}", cell("sobel_p", "probability"))
        if cell.has("rho_at_zero"):
            said += say("; an error correlation of {} would make it zero", cell("rho_at_zero"))
        pieces.append(told(said + say(".")))
    unknown = [r for r in rows if r["indirect"] is None]
    reason_of = stored.reasons(INDIRECT, unknown)
    if reason_of is not None:
        pieces.append(not_tested("The other mediators", reason_of))
    return Answer(finding, (*pieces, cannot))


def _effect(stored: Stored, row: Row) -> Sentence:
    cell = stored.citer(INDIRECT, row)
    said = say("through {} ({}) {}", cell("mediator", "text"), cell("version", "text"),
               cell("indirect"))  # fmt: skip
    if bounded(row):
        said += say(", from {} to {}", cell("conf_low"), cell("conf_high"))
    return said
