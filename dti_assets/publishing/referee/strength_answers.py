"""Answers about the first stage: how strong it is, and which units carry it."""

from __future__ import annotations

from dti_assets.publishing.needs import LEFT_OUT, WEAK
from dti_assets.publishing.referee.answers import (
    IN_PART,
    NOT_BORNE_OUT,
    STANDS,
    Answer,
    Piece,
    bounded,
    no_column,
    not_tested,
    told,
    twin,
    two_stage,
    untested,
)
from dti_assets.publishing.referee.citing import Citer, Row, Sentence, Stored, plain, say
from dti_assets.publishing.typesetting import cluster_words
from dti_assets.units.levels import Level

# an instrument worth fewer clusters than this share of them rests on a few
_FEW = 1 / 3


def _hub_dropped(level: Level) -> str:
    return f"with the hub's own {level.noun} dropped"


def weak_instrument(stored: Stored) -> Answer:
    """Is the first stage strong enough for the second to mean anything?"""
    row = two_stage(stored)
    if row is None:
        return untested("", no_column(stored))
    if row["ar_low"] is None:
        why = stored.reasons(WEAK, [row])
        return untested("", why or say("the 95 % Anderson-Rubin set is empty: no value is left"))
    cell = stored.citer(WEAK, row)
    other = twin(stored, row)
    rows = [row] if other is None else [row, other]
    sets = [bounded(r, "ar_low", "ar_high") for r in rows]
    if all(sets) and all(map(_strong, rows)):
        finding = NOT_BORNE_OUT
        verdict = say(
            "The stored figures do not bear the objection out: the effective F of {} exceeds the "
            "critical value of {}, and the 95 % Anderson-Rubin set is bounded, from {} to {}. The "
            "effect is to be read from that set; no F alone proves strength.",
            *(cell("effective_f"), cell("effective_f_critical_10")),
            *(cell("ar_low"), cell("ar_high")),
        )
    elif not any(sets):
        finding = STANDS
        verdict = say(
            "The objection stands: the instrument is weak. With a first-stage F of {} the 95 % "
            "Anderson-Rubin set of the 2SLS coefficient is unbounded, so that these data cannot "
            "bound the effect by this instrument. The 2SLS coefficient of {} and its stars are no "
            "evidence, for an effect or against one.",
            *(cell("kleibergen_paap_f"), cell("estimate")),
        )
    else:
        finding = IN_PART
        verdict = say(
            "The objection stands in part: with a first-stage F of {} not every figure below is "
            "that of a strong instrument. Only the Anderson-Rubin set may be read, not the 2SLS "
            "coefficient of {} with its usual interval.",
            *(cell("kleibergen_paap_f"), cell("estimate")),
        )
    pieces = [told(verdict), *_strength(cell, "")]
    if other is not None:
        pieces += _strength(stored.citer(WEAK, other), f", {_hub_dropped(stored.level)}")
    return Answer(finding, (*pieces, _least_squares(cell), *_published(stored)))


def _strong(row: Row) -> bool:
    """Whether both the effective and, where there is one, the jackknife F are above the critical
    value that limits the worst-case bias to a tenth."""
    critical, figures = row["effective_f_critical_10"], (row["effective_f"], row["jackknife_f"])
    known = [f for f in figures if f is not None]
    return critical is not None and bool(known) and min(known) > critical


def _strength(cell: Citer, where: str) -> list[Piece]:
    """First stage, F statistics and sets of one column."""
    found = []
    first = plain(f"First stage{where}: ") + say("coefficient {}", cell("first_stage"))
    if cell.has("first_stage_se"):
        first += say(" (standard error {})", cell("first_stage_se"))
    if cell.has("first_stage_p_wild"):
        first += say(", wild bootstrap p {}", cell("first_stage_p_wild", "probability"))
    first += say(", N = {}", cell("n_obs", "whole"))
    if cell.has("n_clusters"):
        _, words = cluster_words(cell.row["largest_cluster"], units=cell.stored.units)
        first += say(f" in {{}} {words}", cell("n_clusters", "whole"))
    found.append(told(first + say(".")))
    if cell.has("kleibergen_paap_f", "effective_f", "effective_f_critical_10"):
        side = "above" if cell.row["effective_f"] > cell.row["effective_f_critical_10"] else "below"
        f = plain(f"Kleibergen-Paap F{where}: ") + say(
            f"{{}}; the effective F of {{}} is {side} the {{}} that limits the worst-case bias of "
            "2SLS to a tenth",
            *(cell("kleibergen_paap_f"), cell("effective_f"), cell("effective_f_critical_10")),
        )
        if cell.has("jackknife_f", "smallest_f", "smallest_f_without"):
            f += say(
                "; the jackknife F is {}, and the F without {} is {}",
                cell("jackknife_f"), cell("smallest_f_without", "text"), cell("smallest_f"),
            )  # fmt: skip
        found.append(told(f + say(".")))
    if cell.has("ar_set"):
        ar = plain(f"95 % Anderson-Rubin set{where}: ") + say("{}", cell("ar_set", "text"))
        if cell.has("p_wild"):
            ar += say("; p of no effect {}", cell("p_wild", "probability"))
        if cell.has("tf_low", "tf_high"):
            ar += say("; tF interval from {} to {}", cell("tf_low"), cell("tf_high"))
        found.append(told(ar + say(".")))
    return found


def _least_squares(cell: Citer) -> Piece:
    """OLS on the same rows against the set."""
    row = cell.row
    if not bounded(row, "ar_low", "ar_high"):
        reading = "an unbounded set neither confirms nor refutes it"
    elif row["ar_low"] <= row["ols_estimate"] <= row["ar_high"]:
        reading = "it lies between the ends of the set"
    else:
        reading = "it lies outside the set"
    ols = cell("ols_estimate")
    return told(say(f"OLS on the same rows gives {{}}, a conditional correlation; {reading}.", ols))


def _published(stored: Stored) -> list[Piece]:
    """What the published stars imply for the paper's own first stage."""
    row = stored.first("published_forensics")
    if row is None:
        return []
    cell = stored.citer("published_forensics", row)
    if not cell.has("f_low", "f_high", "ar_bounded"):
        return []
    implied = {"never": "unbounded", "always": "bounded"}.get(row["ar_bounded"], "bounded or not")
    said = say(
        "What the publication prints ({}): a first stage with {} has an F between {} and {} "
        f"({{}} quantiles), and its 95 % Anderson-Rubin set is {implied}.",
        *(cell("source", "text"), cell("first_stage_stars", "text")),
        *(cell("f_low"), cell("f_high"), cell("distribution", "text")),
    )
    return [told(said)]


def leverage(stored: Stored) -> Answer:
    """Does the estimate rest on the hub's unit and its neighbour?"""
    row = two_stage(stored)
    if row is None:
        return untested("", no_column(stored))
    other = twin(stored, row)
    rows = [r for r in (row, other) if r is not None and r["largest_share"] is not None]
    hub = stored.first("capital_distances", great_circle_km=0.0)
    names = ([hub[stored.level.name]] if hub else []) + [r["largest_cluster"] for r in rows]
    left_out = [
        r
        for name in dict.fromkeys(names)
        for r in stored.rows(LEFT_OUT, table=row["table"], column=row["column"], without=name)
        if r["estimate"] is not None
    ]
    if not rows or not left_out:
        why = stored.reasons(LEFT_OUT, stored.rows(LEFT_OUT, table=row["table"]))
        noun = stored.level.noun
        return untested("", why or say(f"leverage by {noun} needs errors clustered by {noun}"))
    few = any(r["effective_clusters"] < _FEW * r["n_clusters"] for r in rows)
    flips = any(r["estimate"] * row["estimate"] < 0 for r in left_out)
    word, words = cluster_words(rows[0]["largest_cluster"], units=stored.units)
    if few and flips:
        finding, start = STANDS, f"The objection stands: few {words} carry the instrument. "
    elif few or flips:
        finding, start = IN_PART, "The objection stands in part. "
    else:
        finding, start = NOT_BORNE_OUT, "The stored figures do not bear the objection out. "
    far = stored.citer(LEFT_OUT, max(left_out, key=lambda r: abs(r["difference"])))
    verdict = (
        plain(start)
        + _carries(stored.citer(WEAK, rows[0]))
        + say("; without {} the 2SLS coefficient goes from {} to {}",
              far("without", "text"), stored.cite(WEAK, row, "estimate"), far("estimate"))
        + say("." if far.row["estimate"] * row["estimate"] > 0 else ", another sign.")
    )  # fmt: skip
    pieces = [told(verdict)]
    for one in rows[1:]:
        cell = stored.citer(WEAK, one)
        share = plain(f"{_hub_dropped(stored.level).capitalize()}, ") + _carries(cell)
        pieces.append(told(share + say("; the 2SLS coefficient is {}.", cell("estimate"))))
    pieces += [_without(stored, one) for one in left_out]
    pieces += _longest(stored, row)
    if len(left_out) > 1:
        single = f"the stored tables leave out one {word} at a time"
        pieces.append(not_tested(f"Several of these {words} left out at once", single))
    return Answer(finding, tuple(pieces))


def _carries(cell: Citer) -> Sentence:
    """How much of the instrument's variation one unit has, and what that is worth."""
    return say(
        "{} carries {} of the instrument's variation, which is worth {} clusters of {}",
        *(cell("largest_cluster", "text"), cell("largest_share", "percent")),
        *(cell("effective_clusters"), cell("n_clusters", "whole")),
    )


def _without(stored: Stored, row: Row) -> Piece:
    cell = stored.citer(LEFT_OUT, row)
    said = say("Without {} the 2SLS coefficient is {}", cell("without", "text"), cell("estimate"))
    if cell.has("first_stage_f"):
        said += say(" and the first-stage F {}", cell("first_stage_f"))
    return told(said + say("."))


def _longest(stored: Stored, row: Row) -> list[Piece]:
    """Leverage in the 2SLS column with most rows, where that is another one."""
    known = [r for r in stored.rows(WEAK) if r["largest_share"] is not None]
    most = max(known, key=lambda r: r["n_obs"], default=row)
    if most["n_obs"] <= row["n_obs"]:
        return []
    cell = stored.citer(WEAK, most)
    head = say(
        "In the 2SLS column with most rows (column {} of {}, N = {}) ",
        *(cell("column", "text"), cell("label", "text"), cell("n_obs", "whole")),
    )
    return [told(head + _carries(cell) + say("."))]
