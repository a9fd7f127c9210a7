"""The report: one self-contained HTML page made from stored frames and printed tables.

Says what was done, what came out, and what could not be done. Layout is in the template
reference/report/report.html.j2; numbers are worded here. No time stamp: the same study gives the
same bytes.
"""

from __future__ import annotations

import base64
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from dti_assets.publishing.formats.markup import STYLE, html_table, rendered
from dti_assets.publishing.needs import FOLDER, PAGE
from dti_assets.publishing.referee.sections import sections
from dti_assets.publishing.regression_table import PrintedTable
from dti_assets.publishing.sentences import (
    audit_sentences,
    influence_sentences,
    permutation_sentences,
)
from dti_assets.publishing.typesetting import english, number, whole, with_minus
from dti_assets.store.schema import records
from dti_assets.text.choices import counts_characters
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

# packages whose version can move a number
PACKAGES = (
    *("dti-assets", "dagster", "jieba", "linearmodels", "numpy", "pandas", "polars", "pyarrow"),
    *("scipy", "geopy", "pdfplumber", "pypdfium2", "trafilatura", "python-docx", "lxml", "jinja2"),
)
_ORIGINS = {"text": ("●", "counted on a report"), "published": ("○", "published count")}
_MISSING = ("–", "missing")


@dataclass(frozen=True)
class ReportInputs:
    """What the report is made of.

    study_name : as it stands over results. simulated : whether the data are invented, and compared
    with their truth. settings : choices that move the instrument. seeds : by key of the study
    file. frames : stored tables by asset name. printed : tables as printed, by asset name, in
    order. figures : SVG of each that was drawn, by name. contexts : keywords in the sentences
    around them (the unit's name, year, section, path, page, before, term, after). checksums :
    SHA-256 of stored tables by name.
    """

    units: Units
    study_name: str
    simulated: bool
    years: list[int]
    study_yaml: str
    settings: Mapping[str, Any]
    seeds: Mapping[str, int]
    rule: str
    hub: str
    frames: Mapping[str, pd.DataFrame]
    printed: Mapping[str, PrintedTable]
    figures: Mapping[str, bytes]
    contexts: Sequence[Mapping[str, Any]]
    checksums: Mapping[str, str | None]


def report_page(inputs: ReportInputs) -> str:
    """The page; every text in it that is not the template's own is escaped."""
    from markupsafe import Markup

    frames, units, level = inputs.frames, inputs.units, inputs.units.level
    return rendered(
        "report.html.j2",
        level=level,
        study=inputs.study_name,
        simulated=inputs.simulated,
        first=inputs.years[0],
        last=inputs.years[-1],
        style=Markup(STYLE),
        coverage=coverage_map(frames["policy_attention"], inputs.years, units),
        years=inputs.years,
        variables=_variables(records(frames["panel_coverage"])),
        instrument=instrument_facts(inputs),
        studied=studied(frames, units),
        figures=_figures(inputs),
        contexts=[
            {**one, "english": english(str(one[level.name]), units)} for one in inputs.contexts
        ],
        tables=[(t, Markup(html_table(t))) for t in inputs.printed.values()],
        weak=_sentences(frames["weak_instrument_inference"], "column", units),
        influence=_printed(influence_sentences(frames["influence"], level), units),
        vocabulary=_printed(permutation_sentences(frames["dictionary_permutation"]), units),
        audit=_printed(audit_sentences(frames["measurement_audit"], level), units),
        indirect=_sentences(frames["indirect_effects"], "version", units),
        objections=[one for one in sections(frames["referee_response"]) if one.number],
        referee_page=f"{FOLDER}/{PAGE}",
        forensics=records(frames["published_forensics"]),
        comparison=_comparison(records(frames["paper_comparison"])),
        verdicts=_tally(frames["paper_comparison"]["verdict"]),
        not_run=_not_run(inputs),
        settings={**inputs.settings, **inputs.seeds},
        versions={"Python": platform.python_version(), **_versions()},
        hashes=_hashes(frames, inputs.checksums),
        study_yaml=inputs.study_yaml,
    )


def coverage_map(attention: pd.DataFrame, years: list[int], units: Units) -> list[dict[str, Any]]:
    """One row a unit: its name and, for each year, a mark and what the mark means."""
    code = units.level.code
    known = {(row[code], row["year"]): row["origin"] for row in records(attention)}
    return [
        {
            "name": english(unit.name, units),
            "cells": [_ORIGINS.get(str(known.get((unit.code, year))), _MISSING) for year in years],
        }
        for unit in units
    ]


def _variables(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            **{name: row[name] for name in ("variable", "label", "state")},
            "share": f"{whole(row['cells'])} of {whole(row['of'])}",
            "years": row["years"] or "none",
            "supply": (row["how_to_supply"] or "") if row["state"] != "complete" else "",
        }
        for row in rows
    ]


def studied(frames: Mapping[str, pd.DataFrame], units: Units) -> str:
    """What the first 2SLS column asks, as it was estimated; `frames` are stored tables by name."""
    row = next(
        (r for r in records(frames["weak_instrument_inference"]) if r["estimate"] is not None), None
    )
    if row is None:
        return "No 2SLS column could be estimated."
    labels = {one["variable"]: one["label"] for one in records(frames["panel_coverage"])}
    what = {
        side: f"{row[side]} ({labels[row[side]]})" if row[side] in labels else row[side]
        for side in ("endogenous", "outcome")
    }
    of_column = (
        one["years"]
        for frame in frames.values()
        if {"role", "column", "years"} <= set(frame.columns)
        for one in records(frame)
        if (one["table"], one["column"]) == (row["table"], row["column"]) and one["years"]
    )
    years = next(of_column, None)
    where = f"{str(row['label']).split(',')[0]}, {row['column']},"
    said = f"{where} estimates what {what['endogenous']} does to {what['outcome']}"
    when = f" in {years.replace('-', '–')}" if years else ""
    return english(f"{said}{when}.", units)


def instrument_facts(inputs: ReportInputs) -> dict[str, Any]:
    """How the instrument was built, in words and counts: those of the rows that have a value."""
    units, frame = inputs.units, inputs.frames["dti_iv"]
    name = units.level.name
    known = frame[frame["dti_iv"].notna()]
    choices = inputs.frames["policy_attention"]["words"].dropna()
    characters = all(map(counts_characters, choices))
    distances = records(inputs.frames["capital_distances"])
    lacking = [
        english(f"{row[name]} {row['year']}: {row['reason'] or 'no reason given'}", units)
        for row in records(frame[frame["dti_iv"].isna()])
    ]
    hub = next((row for row in distances if row["capital"] == inputs.hub), None)
    km = hub["distance_km"] if hub else None
    return {
        "hub": english(inputs.hub, units),
        "hub_unit": english(hub[name], units) if hub else "",
        "hub_km": number(km, 1) if km is not None else "none (dropped)",
        "rule": inputs.rule,
        "known": whole(len(known)),
        "rows": len(frame),
        "hits": whole(known["keyword_hits"].sum()),
        "words": whole(known["total_words"].sum()),
        "unit": "characters" if characters and len(frame) else "words",
        "frozen": str(inputs.frames["frozen_instrument"]["sentence"].iloc[0]),
        "lacking": lacking,
    }


def _figures(inputs: ReportInputs) -> dict[str, dict[str, str]]:
    """Each figure as the source of an image that needs no other file, or the reason for none."""
    shown = {}
    for row in records(inputs.frames["figures"].drop_duplicates("figure")):
        picture = base64.b64encode(inputs.figures.get(row["figure"], b"")).decode("ascii")
        shown[row["figure"]] = {
            "title": row["title"],
            "alt": row["alt"] or "",
            "reason": row["reason"] or "",
            "src": f"data:image/svg+xml;base64,{picture}" if picture else "",
        }
    return shown


def _printed(sentences: list[str], units: Units) -> list[str]:
    return [with_minus(english(sentence, units)) for sentence in sentences]


def _sentences(frame: pd.DataFrame, name: str, units: Units) -> list[tuple[str, str]]:
    return [
        (
            f"{str(row['label']).split(',')[0]}, {row[name]}",
            with_minus(english(str(row["sentence"] or row["reason"] or "no result"), units)),
        )
        for row in records(frame)
    ]


def _comparison(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [
        {
            "fact": row["fact"],
            "published": row["published"],
            "ours": with_minus(_found(row["estimate"])) + (row["stars"] or "") + _interval(row),
            "verdict": row["verdict"],
            "reason": row["reason"] or "",
        }
        for row in rows
    ]


def _interval(row: dict[str, Any]) -> str:
    low, high = row["conf_low"], row["conf_high"]
    return "" if low is None else with_minus(f" [{number(low)}, {number(high)}]")


def _found(value: float | None) -> str:
    """A coefficient, or a count where the published fact is one."""
    return whole(value) if value is not None and value == int(value) else number(value)


def _tally(values: Any) -> str:
    return ", ".join(f"{count} {value}" for value, count in values.value_counts().items())


def _not_run(inputs: ReportInputs) -> list[tuple[str, str]]:
    """Tables and columns that cannot be estimated, why, and what is not as in the paper."""
    told = []
    for row in records(inputs.frames["table_coverage"]):
        parts = []
        if row["runs"] == "all variables":
            parts.append(f"N = {whole(row['n_obs'])}, which is not the published number of rows")
        if row["columns_that_cannot"]:
            parts.append(f"columns that cannot run: {row['columns_that_cannot']}")
        if row["controls_absent"]:
            parts.append(f"controls absent: {row['controls_absent']}")
        if row["note"]:
            parts.append(str(row["note"]))
        if parts:
            told.append(
                (f"{row['table']} ({row['title']})", english("; ".join(parts), inputs.units))
            )
    return told


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _hashes(
    frames: Mapping[str, pd.DataFrame], stored: Mapping[str, str | None]
) -> list[tuple[str, str]]:
    """SHA-256 of what went in, of every stored table, and of the files that came out."""
    frozen = frames["frozen_instrument"].iloc[0]
    listed = [("instrument at hand", str(frozen["sha256"]))]
    dictionaries = frames["policy_attention"]["dictionary_sha256"].dropna().unique()
    listed += [("terms of the dictionary", str(value)) for value in sorted(dictionaries)]
    listed += [(f"stored table {name}", told or "not made") for name, told in stored.items()]
    listing = (("report_files", "path"), ("user_files", "file"), ("tables", "path"))
    for name, column in (*listing, ("figures", "path")):
        part = frames[name].dropna(subset=["sha256"])
        listed += [(str(p), str(h)) for p, h in zip(part[column], part["sha256"], strict=True)]
    return listed
