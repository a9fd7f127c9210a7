"""What an answer to an objection is, and what several answers share: the column they are about,
and how sets of coefficients are worded."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from dti_assets.publishing.needs import ROBUSTNESS, WEAK
from dti_assets.publishing.referee.citing import Citer, Row, Sentence, Stored, plain, say
from dti_assets.units.hubs import hub_dropped

# how an objection fares against the stored figures
STANDS, IN_PART, NOT_BORNE_OUT, NOT_TESTED = (
    *("stands", "stands in part", "not borne out"),
    "not tested",
)
FINDINGS = (STANDS, IN_PART, NOT_BORNE_OUT, NOT_TESTED)
EVIDENCE = "evidence"
LEVEL = 0.05


@dataclass(frozen=True)
class Piece:
    """One sentence of an answer: evidence, or what was not tested and why."""

    state: str
    sentence: Sentence


@dataclass(frozen=True)
class Answer:
    """The finding, then the verdict as the first piece and the evidence after it."""

    finding: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Objection:
    """What a referee may say, the question behind it, and who answers."""

    name: str
    question: str
    answer: Callable[[Stored], Answer]


def told(sentence: Sentence) -> Piece:
    """A sentence of evidence."""
    return Piece(EVIDENCE, sentence)


def not_tested(what: str, why: Sentence | str) -> Piece:
    """The sentence "not tested, because ..." about a thing, or about the whole where `what` is
    empty."""
    head = f"{what}: not tested, because " if what else "Not tested, because "
    return Piece(NOT_TESTED, plain(head) + (plain(why) if isinstance(why, str) else why) + say("."))


def untested(what: str, why: Sentence | str) -> Answer:
    """An answer that has no evidence at all."""
    return Answer(NOT_TESTED, (not_tested(what, why),))


def two_stage(stored: Stored) -> Row | None:
    """The first 2SLS column that was estimated; the one the answers are about."""
    return next((r for r in stored.rows(WEAK) if r["estimate"] is not None), None)


def twin(stored: Stored, row: Row) -> Row | None:
    """The same column with the hub's own unit dropped; None where the study drops it."""
    name = f"{row['column']}{hub_dropped(stored.level)}"
    rows = stored.rows(WEAK, table=row["table"], column=name)
    return next((r for r in rows if r["estimate"] is not None), None)


def no_column(stored: Stored) -> Sentence:
    """Why there is no 2SLS column."""
    why = stored.reasons(WEAK, stored.rows(WEAK))
    return why or say("the tables of this study have no 2SLS column")


def variant(stored: Stored, check: str, name: str) -> Row | None:
    """A row of table robustness that has an estimate."""
    row = stored.first(ROBUSTNESS, check=check, variant=name)
    return row if row is not None and row["estimate"] is not None else None


def no_check(stored: Stored, check: str, name: str = "") -> Sentence:
    """Why a check of table robustness has no number."""
    wanted = {"check": check} | ({"variant": name} if name else {})
    own = stored.rows(ROBUSTNESS, **wanted)
    whole = [r for r in stored.rows(ROBUSTNESS) if str(r["check"]).startswith("all checks of")]
    why = stored.reasons(ROBUSTNESS, own) or stored.reasons(ROBUSTNESS, whole)
    return why or plain(f"the stored checks have no row of it ({name or check})")


def no_set(stored: Stored, row: Row) -> Sentence | None:
    """Why a variant with an estimate has no 95 % set; None where it has one."""
    if row["conf_low"] is not None and row["conf_high"] is not None:
        return None
    why = stored.reasons(ROBUSTNESS, [row])
    return why or say("the 95 % Anderson-Rubin set is empty: no value is left")


def bounded(row: Row, low: str = "conf_low", high: str = "conf_high") -> bool:
    """Whether a stored interval or set has two finite ends."""
    ends = (row[low], row[high])
    return all(end is not None and math.isfinite(end) for end in ends)


def excludes_zero(row: Row, low: str = "conf_low", high: str = "conf_high") -> bool:
    """Whether all of a bounded interval lies on one side of zero."""
    return bounded(row, low, high) and row[low] * row[high] > 0


def instrumented(cell: Citer, what: Sentence | str) -> Sentence:
    """The coefficient of a row of table robustness under an instrument: its estimate, first-stage
    F, Anderson-Rubin set, and that test's p-value of no effect."""
    out = plain(what) if isinstance(what, str) else what
    out += say(" the 2SLS coefficient is {}", cell("estimate"))
    if cell.has("first_stage_f"):
        out += say(", the first-stage F {}", cell("first_stage_f"))
    if not cell.has("conf_low", "conf_high"):
        return out + say(", and no 95 % set is stored.")
    ends = (cell("conf_low"), cell("conf_high"))
    out += (
        say(", the 95 % Anderson-Rubin set from {} to {}", *ends)
        if bounded(cell.row)
        else say(", and the 95 % Anderson-Rubin set is unbounded (outer ends {} and {})", *ends)
    )
    if cell.has("p_wild"):
        out += say("; p of no effect {}", cell("p_wild", "probability"))
    return out + say(".")
