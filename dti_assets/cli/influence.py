"""`dti influence`: who moves the estimate, and the sentences behind it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from dti_assets.cli.options import read_study, stored_table, study_option
from dti_assets.cli.output import render, without_controls
from dti_assets.econ.tables import COEFFICIENTS, INFLUENCE
from dti_assets.publishing.sentences import influence_sentences
from dti_assets.store.schema import records
from dti_assets.text.choices import hits_column

if TYPE_CHECKING:
    from dti_assets.study.config import Study

_SHOWN = (
    "kind", "unit", "estimate_with", "estimate_without", "change", "change_in_se",
    "first_stage_f_without", "note", "reason",
)  # fmt: skip


@click.command()
@study_option
@click.option("--kind", help="Only term, report, year, or the noun of a unit.")
@click.option("--coefficient", type=click.Choice(COEFFICIENTS), default="2SLS", show_default=True)
@click.option("--top", type=click.IntRange(1), default=10, show_default=True, help="Rows.")
@click.option("--kwic", is_flag=True, help="Print sentences behind each row, from the reports.")
@click.option("--sentences", type=click.IntRange(1), default=3, show_default=True, help="A row.")
def influence(
    study_file: str, kind: str | None, coefficient: str, top: int, kwic: bool, sentences: int
) -> None:
    """Print what moves a coefficient most: each term, report, unit and year left out."""
    study = read_study(study_file, None)
    level = study.level
    kinds = level.table(INFLUENCE)["kind"].allowed or ()
    if kind is not None and kind not in kinds:
        raise click.BadParameter(
            f"{kind!r} is not one of {', '.join(map(repr, kinds))}.", param_hint="'--kind'"
        )
    frame = stored_table("influence", study)
    chosen = frame[frame["coefficient"] == coefficient]
    if kind is not None:
        chosen = chosen[chosen["kind"] == kind]
    for sentence in influence_sentences(chosen, coefficient=coefficient, level=level):
        click.echo(sentence)
    # what leaves nothing to estimate comes first: no change is larger
    order = chosen["change"].abs().fillna(float("inf"))
    chosen = chosen.loc[order.sort_values(ascending=False, kind="stable").index].head(top)
    shown = chosen[list(_SHOWN)].dropna(axis="columns", how="all")
    click.echo(render(shown, "table"), nl=False)
    if kwic:
        reports = frame[(frame["coefficient"] == coefficient) & (frame["kind"] == "report")]
        for line in _behind(study, chosen, reports, sentences):
            click.echo(without_controls(line))


def _behind(study: Study, rows: Any, reports: Any, limit: int) -> Iterator[str]:
    """For each row up to `limit` sentences that carry it, from the reports of the equation with
    most hits; the official address of a report whose text is not at hand.

    `reports` are the rows of kind report of the same coefficient.
    """
    from dti_assets.pipeline.resources import Workspace
    from dti_assets.text.concordance import occurrences, unread

    workspace = Workspace(study)
    level = workspace.level
    when = [level.name, "year"]
    files = stored_table("report_files", study)
    counts, words = stored_table("keyword_counts", study), stored_table("section_words", study)
    hits, finder = hits_column(study.text.hits), workspace.finder()
    sections = workspace.counted_sections
    entering = reports[reports["rows_lost"].fillna(0) > 0]
    inside = entering[when].drop_duplicates()
    counts = counts[counts["section"].isin(sections) & (counts[hits].fillna(0) > 0)]
    if len(inside):  # the baseline takes no rows from reports
        counts = counts.merge(inside, on=when)
    at_hand = files[files["status"] == "ok"]
    texts = set(zip(at_hand[level.name], at_hand["year"], strict=True))
    counted = set(zip(counts[level.name], counts["year"], strict=True))
    addresses = {(row[level.name], row["year"]): row["source"] for row in records(words)}
    explained = unread(files)
    if not counted <= texts:
        explained.append("where a report is not at hand, its official address stands instead")
    yield from ["", *explained] if explained else []
    for row in records(rows):
        yield f"\n{row['kind']} {row['unit']}"
        mine = counts
        for name in when:
            if row[name] is not None:
                mine = mine[mine[name] == row[name]]
        if row["kind"] == "term":
            mine = mine[mine["term"] == row["unit"]]
        most = (
            mine.groupby([level.code, *when, "term"])[hits]
            .sum()
            .sort_values(ascending=False, kind="stable")
        )
        left = limit
        for code, unit, year, term in most.index[:limit]:
            if (unit, year) not in texts:
                yield f"{term} in {unit} {year}: {addresses[unit, year] or 'no text'}"
                left -= 1
                continue
            found = occurrences(
                files,
                study.path(study.inputs.reports),
                workspace.cache,
                term,
                workspace.dictionary(),
                code,
                year,
                spans=finder,
                units=workspace.units,
            )
            for hit in islice((hit for hit in found if hit.section in sections), left):
                yield str(hit)
                left -= 1
            if not left:
                break
