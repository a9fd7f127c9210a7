"""README.md of a package, after the template of the Social Science Data Editors.

Text from plain facts; it names no date and no machine, so that equal outputs give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dti_assets.replication.manifest import CHECKSUMS, CONSTRAINTS, LEFT_OUT, MANIFEST, Code

NOT_USED = "not used"
_FORMATS = "csv tex docx html md do R"


@dataclass(frozen=True)
class Source:
    """One source of data: what was taken from it, and whether it is in the package."""

    name: str
    what: str
    provided: str
    access: str = ""


@dataclass(frozen=True)
class Printed:
    """One printed table: its label and title, the asset that makes it, why it is not complete."""

    label: str
    title: str
    asset: str
    remark: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything the README says that is not the same in every package. `files` are outputs
    besides the printed tables, each with the asset that makes it; `noun` is that of a unit."""

    study: str
    study_file: str
    outputs: str
    years: tuple[int, int]
    noun: str
    code: Code
    sources: Sequence[Source]
    inputs: Sequence[str]
    tables: Sequence[Printed]
    files: Sequence[tuple[str, str]]
    seeds: Mapping[str, int]
    given: Sequence[str] = ()
    withheld: Mapping[str, int] = field(default_factory=dict)
    not_reproduced: Sequence[str] = ()


def readme(facts: Facts) -> str:
    """The page."""
    parts = [
        f"# Replication package: {facts.study}",
        _overview(facts),
        "## Data availability and provenance statements\n\n" + _availability(facts),
        "## Dataset list\n\n" + _datasets(facts),
        "## Computational requirements\n\n" + _requirements(facts),
        "## Description of programs\n\n" + _programs(facts),
        "## Instructions to replicators\n\n" + _instructions(facts),
        "## List of tables, figures and programs\n\n" + _tables(facts),
        "## What cannot be reproduced, and why\n\n" + _gaps(facts),
        "## References\n\n" + _references(facts),
    ]
    return "\n\n".join(parts) + "\n"


def _overview(facts: Facts) -> str:
    return (
        f"The package holds the study {facts.study} of {facts.years[0]} to {facts.years[1]}: its "
        f"settings ({facts.study_file}), term lists, the inputs that may be shared, and all "
        f"outputs ({facts.outputs}/). One command makes everything again from it and compares: "
        "`dti verify PACKAGE.zip`. "
        f"{CHECKSUMS} lists every file with its size, SHA-256 and the asset that made it."
    )


def _availability(facts: Facts) -> str:
    lines = [
        "- [x] The settings, term lists and shipped figures in this package may be redistributed "
        "with it (see LICENSE of dti_assets).",
        "- [ ] Whoever publishes this package certifies the right to publish the files under "
        "*Dataset list* that are their own.",
        "",
    ]
    if facts.withheld:
        counts = ", ".join(f"{n} {kind}" for kind, n in facts.withheld.items())
        lines += [
            f"Not in the package: {counts}. {LEFT_OUT} lists each with its SHA-256 and, where "
            "known, its address. What was counted in reports and patents is in the package.",
            "",
        ]
    lines += _grid(
        ("source", "what is taken from it", "provided", "how to obtain it"),
        [(s.name, s.what, s.provided, s.access) for s in facts.sources],
    )
    return "\n".join(lines)


def _datasets(facts: Facts) -> str:
    rows = [(path, "input", "yes") for path in facts.inputs]
    rows += [(f"{facts.outputs}/panel/panel.{ending}", "the panel", "yes")
             for ending in ("csv", "parquet", "xlsx", "dta")]  # fmt: skip
    rows.append((f"{facts.outputs}/panel/codebook.md", "codebook of the panel", "yes"))
    rows.append((f"{facts.outputs}/data/*.parquet", "every stored table", "yes"))
    return "\n".join(_grid(("file", "what it is", "provided"), rows))


def _requirements(facts: Facts) -> str:
    code = facts.code
    commit = f", commit {code.commit}" if code.commit else ""
    seeds = ", ".join(f"{name} = {value}" for name, value in facts.seeds.items())
    return "\n".join(
        [
            f"- Python {code.python}; dti-assets {code.version}{commit}; SHA-256 over its source "
            f"{code.source_sha256}.",
            f"- The packages of {CONSTRAINTS}, name and version: "
            f"`pip install dti-assets=={code.version} -c {CONSTRAINTS}`.",
            f"- Random numbers (wild bootstrap, {facts.noun} bootstrap) come from seeds: {seeds}, "
            f"in {facts.study_file}. Results do not depend on the number of threads or processes.",
            "- 2 processor cores and 4 GB of memory suffice. The run that made these outputs took "
            f"the time in {MANIFEST} (run_seconds).",
            "- The scripts for Stata need reghdfe, ivreghdfe, ivreg2, ranktest and ftools; those "
            "for R need fixest. Neither is needed to make the tables.",
        ]
    )


def _programs(facts: Facts) -> str:
    return (
        "All programs are in the package dti-assets, one asset a table. The files .do and .R "
        f"beside each table in {facts.outputs}/tables repeat its columns in Stata and R from "
        f"{facts.outputs}/panel; they are generated, and hold the stored numbers as comments."
    )


def _instructions(facts: Facts) -> str:
    lines = [
        "1. Install the program as above.",
        "2. `dti verify PACKAGE.zip` runs the study in an empty folder and compares every table "
        "and file; `--into DIR` keeps the folder.",
        f"3. Or unpack it and run `dti run --study {facts.study_file}`.",
    ]
    if facts.given:
        lines.append(
            "   Without the inputs that were left out, `dti verify` takes these stored tables as "
            f"given: {', '.join(facts.given)}. To count them again, put the files of {LEFT_OUT} "
            "into their folders and use `dti run`."
        )
    return "\n".join(lines)


def _tables(facts: Facts) -> str:
    rows = [
        (
            f"{one.label}. {one.title}".removeprefix(". "),
            one.asset,
            f"{facts.outputs}/tables/{one.asset}.* ({_FORMATS})",
            one.remark,
        )
        for one in facts.tables
    ]
    rows += [("", asset, f"{facts.outputs}/{path}", "") for path, asset in facts.files]
    return "\n".join(_grid(("table", "program (asset)", "files", "remark"), rows))


def _gaps(facts: Facts) -> str:
    if not facts.not_reproduced:
        return "Nothing: every table is estimated from inputs in the package."
    return "\n".join(f"- {sentence}" for sentence in facts.not_reproduced)


def _references(facts: Facts) -> str:
    fixed = [
        "The paper whose tables these are: PLOS ONE 20(8), e0330494 (2025).",
        "Vilhuber, L. and others: A template README for social science replication packages, "
        "Social Science Data Editors, version 1.1 (2022).",
    ]
    used = [source.name for source in facts.sources if source.provided != NOT_USED]
    return "\n".join(f"- {line}" for line in [*fixed, *used])


def _grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |"

    return [line(header), line(["---"] * len(header)), *map(line, rows)]
