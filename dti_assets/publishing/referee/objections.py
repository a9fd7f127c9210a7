"""The objections in the order of the document, and the stored table of the answers to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dti_assets.publishing.needs import WEAK
from dti_assets.publishing.referee import (
    data_answers,
    exclusion_answers,
    inference_answers,
    strength_answers,
)
from dti_assets.publishing.referee.answers import (
    Objection,
    Piece,
    no_column,
    not_tested,
    told,
    two_stage,
)
from dti_assets.publishing.referee.citing import Stored, say

# {unit} and {units} stand for the nouns of a study's level
OBJECTIONS = (
    Objection(
        "Weak instrument",
        "Is the first stage strong enough for the second stage to mean anything?",
        strength_answers.weak_instrument,
    ),
    Objection(
        "Leverage of the hub and its neighbour",
        "Dividing by the distance gives the nearest {units} most weight. Does the estimate rest "
        "on the hub's own {unit} and the one beside it?",
        strength_answers.leverage,
    ),
    Objection(
        "Exclusion",
        "Near the hub may also be near other things, ports for one, and policy words may move the "
        "outcome by other ways. "
        "Does the instrument touch the outcome only through digital innovation?",
        exclusion_answers.exclusion,
    ),
    Objection(
        "A shift of the {unit}'s own choosing",
        "In a shift-share design the shift comes from outside. Here the {unit} writes its own "
        "report: does what moves its outcome also move its words?",
        exclusion_answers.own_choice,
    ),
    Objection(
        "Reports that look back",
        "The first half of a report reviews the year past. Do its words follow the outcome rather "
        "than lead it?",
        exclusion_answers.review_half,
    ),
    Objection(
        "Choice of the dictionary",
        "Is it the digital vocabulary that works, or would any vocabulary of policy do, or a "
        "single term?",
        data_answers.dictionary,
    ),
    Objection(
        "Measurement error",
        "Do keyword hits and patent counts measure what they are meant to?",
        data_answers.measurement_error,
    ),
    Objection(
        "Few clusters",
        "Clustered errors need many clusters. Are the {units} enough?",
        inference_answers.few_clusters,
    ),
    Objection(
        "Spatial correlation",
        "Neighbouring {units} share shocks. Do errors clustered by {unit} miss that?",
        inference_answers.spatial,
    ),
    Objection(
        "Multiple testing",
        "Many tables, many stars: how many would be there by chance?",
        inference_answers.multiple_testing,
    ),
    Objection(
        "Mediation",
        "Is there an indirect effect, and may it be called causal?",
        inference_answers.mediation,
    ),
)


def response_rows(stored: Stored) -> list[dict[str, Any]]:
    """The rows of table referee_response: a row for every number of every sentence, and for every
    sentence without one. Objection 0 says which column the answers are about."""
    rows = list(_rows({"objection": 0, "name": "What is asked about"}, [_about(stored)]))
    for number, objection in enumerate(OBJECTIONS, start=1):
        answer = objection.answer(stored)
        said = {"name": objection.name, "question": objection.question}
        head = {"objection": number, **{k: stored.level.words(v) for k, v in said.items()}}
        rows += _rows(head | {"finding": answer.finding}, answer.pieces)
    return rows


def _about(stored: Stored) -> Piece:
    row = two_stage(stored)
    if row is None:
        return not_tested("The instrument", no_column(stored))
    cell = stored.citer(WEAK, row)
    said = say(
        "Where nothing else is said the answers are about column {} of {}: {} on {}, "
        "instrument {}, N = {}",
        *(cell("column", "text"), cell("label", "text"), cell("outcome", "text")),
        *(cell("endogenous", "text"), cell("instruments", "text"), cell("n_obs", "whole")),
    )
    return told(said + (say(": {}.", cell("note", "text")) if cell.has("note") else say(".")))


def _rows(head: dict[str, Any], pieces: Any) -> Iterator[dict[str, Any]]:
    for place, piece in enumerate(pieces, start=1):
        whole = head | {"piece": place, "state": piece.state, "sentence": str(piece.sentence)}
        cited = piece.sentence.citations()
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
