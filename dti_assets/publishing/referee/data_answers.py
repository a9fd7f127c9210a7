"""Answers about the counts behind the instrument: which words, and how well they are counted."""

from __future__ import annotations

from dti_assets.publishing.needs import BASELINE
from dti_assets.publishing.referee.answers import (
    IN_PART,
    LEVEL,
    NOT_BORNE_OUT,
    NOT_TESTED,
    STANDS,
    Answer,
    Piece,
    no_column,
    not_tested,
    told,
    two_stage,
    untested,
)
from dti_assets.publishing.referee.citing import Row, Stored, plain, say
from dti_assets.publishing.referee.exclusion_answers import varied
from dti_assets.publishing.sentences import ALL

PERMUTED, AUDIT = "dictionary_permutation", "measurement_audit"


def dictionary(stored: Stored) -> Answer:
    """Is it the digital vocabulary, or would any policy vocabulary do?"""
    permuted = stored.rows(PERMUTED)
    placed = [r for r in permuted if r["statistic"] == "first_stage_f" and r["p_value"] is not None]
    if not placed:
        why = stored.reasons(PERMUTED, permuted) or say("no random dictionary was drawn")
        return Answer(NOT_TESTED, (not_tested("", why), *_terms(stored), *_frozen(stored)))
    own = [r["p_value"] <= LEVEL for r in placed]
    first = stored.citer(PERMUTED, placed[0])
    numbers = (
        *(first("p_value", "probability"), first("real"), first("draws_median")),
        first("draws", "whole"),
    )
    among = (
        "p of {}, F of {} against a median of {} over {} random dictionaries of the same frequency "
        "and growth)."
    )
    if all(own):
        finding = NOT_BORNE_OUT
        verdict = say("The stored figures do not bear the objection out: the first stage of the "
                      f"dictionary is stronger than that of other policy vocabulary ({among}",
                      *numbers)  # fmt: skip
    elif any(own):
        finding = IN_PART
        verdict = say("The objection stands in part: whether the dictionary beats other policy "
                      f"vocabulary depends on the rows (in the first set of rows {among}",
                      *numbers)  # fmt: skip
    else:
        finding = STANDS
        verdict = say("The objection stands: the dictionary predicts no better than other policy "
                      f"vocabulary ({among}", *numbers)  # fmt: skip
    pieces = [told(verdict)]
    for row in placed:
        cell = stored.citer(PERMUTED, row)
        pieces.append(
            told(
                say("On {} (N = {}): first-stage F {}, as studied {}, 95 % of the random "
                    "dictionaries from {} to {}, p {}.",
                    cell("sample", "text"), cell("n_obs", "whole"), cell("real"),
                    cell("as_studied"), cell("draws_low"), cell("draws_high"),
                    cell("p_value", "probability"))
            )
        )  # fmt: skip
    return Answer(finding, (*pieces, *_terms(stored), *_frozen(stored)))


def _terms(stored: Stored) -> list[Piece]:
    """The single term that moves the first stage and the 2SLS coefficient most, and the whole
    range over ways of building the instrument."""
    found = []
    for name, what in (("first stage", "first-stage"), ("2SLS", "2SLS")):
        rows = [
            r
            for r in stored.rows("influence", coefficient=name, kind="term")
            if r["change"] is not None
        ]
        if not rows:
            why = stored.reasons("influence", stored.rows("influence", coefficient=name))
            missing = why or say("no term is left out of it")
            found.append(not_tested(f"Single terms in the {what} coefficient", missing))
            continue
        cell = stored.citer("influence", max(rows, key=lambda r: abs(r["change"])))
        turned = cell.row["estimate_with"] * cell.row["estimate_without"] < 0
        found.append(
            told(
                say(f"The single term that moves the {what} coefficient most is {{}}: from {{}} to "
                    "{} without it" + (", another sign." if turned else ", the same sign."),
                    cell("unit", "text"), cell("estimate_with"), cell("estimate_without"))
            )
        )  # fmt: skip
    return found + _range(stored)


def _range(stored: Stored) -> list[Piece]:
    cells = [r for r in stored.rows("specification_curve") if r["estimate"] is not None]
    if not cells:
        why = stored.reasons("specification_curve", stored.rows("specification_curve"))
        return [not_tested("Other ways of building the instrument", why or say("none is stored"))]
    low, high = (pick(cells, key=lambda r: r["estimate"]) for pick in (min, max))
    ends = [stored.cite("specification_curve", row, "estimate") for row in (low, high)]
    signs = "both signs occur" if low["estimate"] * high["estimate"] < 0 else "all of one sign"
    return [
        told(
            say("Over all stored ways of building the instrument and sets of controls the 2SLS "
                f"coefficient lies between {{}} and {{}}; {signs}.", *ends)
        )
    ]  # fmt: skip


def _frozen(stored: Stored) -> list[Piece]:
    """Whether the dictionary was settled before outcomes were looked at."""
    row = stored.first("frozen_instrument")
    if row is None or row["sentence"] is None:
        return []
    cell = stored.citer("frozen_instrument", row)
    said = say(
        "Was the instrument settled before outcomes were joined? {}", cell("sentence", "text")
    )
    return [told(said)]


def measurement_error(stored: Stored) -> Answer:
    """Do the counts measure what they should?"""
    if two_stage(stored) is None:
        return untested("", no_column(stored))
    pieces = [*_proxy(stored), *_definitions(stored)]
    audited = [_audited(stored, source) for source in ("reports", "patents")]
    if not any(found for found, _ in audited):
        whys = [why for _, why in audited]
        return Answer(NOT_TESTED, (*whys, *pieces))
    found = [r for rows, _ in audited for r in rows]
    changed = [r for r in found if r["part"] == "estimate" and r["measure"] == "2SLS"]
    flips = [r for r in changed if (r["estimate"] or 0.0) * (r["uncorrected"] or 0.0) < 0]
    if flips:
        cell = stored.citer(AUDIT, flips[0])
        finding = STANDS
        verdict = say("The objection stands: corrected by the coders' labels the 2SLS coefficient "
                      "goes from {} to {}, another sign.",
                      cell("uncorrected"), cell("estimate"))  # fmt: skip
    else:
        finding = IN_PART
        verdict = plain(
            "The objection stands in part: a labelled sample says how precise the counts are, and "
            "the correction turns no sign, but it cannot see policy in words that the dictionary "
            "lacks."
            if changed
            else "The objection stands in part: a sample is labelled, but no estimate could be "
            "corrected by it."
        )
    told_rows = [_measure(stored, r) for r in found]
    lacking = [why for rows, why in audited if not rows]
    return Answer(finding, (told(verdict), *told_rows, *lacking, *pieces))


def _audited(stored: Stored, source: str) -> tuple[list[Row], Piece]:
    """Overall precision, agreement and corrected estimates; and the sentence for none of them."""
    rows = stored.rows(AUDIT, source=source)
    what = {"reports": "Precision of the keyword hits", "patents": "Precision of the patents"}
    why = stored.reasons(AUDIT, rows) or say("no labelled sample is stored")
    shown = [
        r
        for r in rows
        if r["estimate"] is not None
        and (
            (r["part"] in ("agreement", "precision", "recall") and r["scope"] == ALL[source])
            or r["part"] == "estimate"
        )
    ]
    return shown, not_tested(what[source], why)


def _measure(stored: Stored, row: Row) -> Piece:
    cell = stored.citer(AUDIT, row)
    said = say("{}, {}, {}: {}", *(cell(name, "text") for name in ("source", "scope", "measure")),
               cell("estimate"))  # fmt: skip
    if cell.has("conf_low", "conf_high"):
        said += say(", 95 % interval from {} to {}", cell("conf_low"), cell("conf_high"))
    if cell.has("uncorrected"):
        said += say("; before the correction {}", cell("uncorrected"))
    return told(said + say("."))


def _proxy(stored: Stored) -> list[Piece]:
    """What stands in for a variable that the data lack."""
    row = next((r for r in stored.rows(BASELINE) if r.get("proxies")), None)
    if row is None:
        return []
    cell = stored.citer(BASELINE, row)
    return [told(say("Variables that stand in for absent ones: {}.", cell("proxies", "text")))]


def _definitions(stored: Stored) -> list[Piece]:
    """Other definitions of a hit and of a word, from the same texts."""
    return [
        varied(stored, "instruments", name, f"With {what}")
        for name, what in (
            ("hits: token", "hits counted as tokens"),
            ("hits: overlap", "hits counted where terms overlap"),
            ("words: all", "all tokens as the denominator"),
            ("words: chars", "characters as the denominator"),
        )
        if stored.first("robustness", check="instruments", variant=name) is not None
    ]
