"""A study that has been run to a replication package.

What a package is, is in `replication`; here is what of a study goes into it. Back from a package to
the study's numbers leads `verifying`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

from dti_assets.audit.tables import MEASUREMENT_AUDIT
from dti_assets.errors import PackageError, WriteError
from dti_assets.patents.extract import layout_of
from dti_assets.patents.reading import find_files
from dti_assets.pipeline.execution.freshness import FILE_TABLES, listed_files, stale
from dti_assets.pipeline.execution.run import last_run_seconds
from dti_assets.pipeline.packages.labels import audit_inputs, audited
from dti_assets.pipeline.packages.readme import package_readme
from dti_assets.pipeline.resources import Workspace
from dti_assets.replication import manifest as described
from dti_assets.replication.archive import check_entries, is_inside, is_program, write_archive
from dti_assets.replication.manifest import Listed, Manifest, code_here
from dti_assets.sources.registry import FILE_NAME, Key, read_registry
from dti_assets.store.files import Found, find_all, replacing, sha256
from dti_assets.store.locks import exclusive
from dti_assets.store.schema import records
from dti_assets.study.catalogue import FETCHED, TRANSCRIPTS, YEARLY
from dti_assets.study.config import Study
from dti_assets.text.folder import find_reports, side_files
from dti_assets.units.lists import Units

INCLUDABLE = ("reports", "patents")
# in left_out.csv, what lies in the folders of these without being read
OTHER = "other files"
# in checksums.csv, who made what no asset made
INPUT, PACKAGER = "input", "dti package"
# what stands in for an input that does not travel, and what neither travels nor is made again
STANDING_IN = {
    "reports": (
        *("report_files", "keyword_counts", "section_words"),
        *("keyword_contexts", "candidate_counts"),
    ),
    "patents": ("patent_row_status", "patent_counts", "patent_totals"),
}
# labels of patents are held against the records of all: without these, their results stand in
PATENT_AUDIT = MEASUREMENT_AUDIT.name
WITHHELD = {kind: (name,) for kind, name in TRANSCRIPTS.items()}


@dataclass(frozen=True)
class Packaged:
    """A package that was made."""

    files: int
    bytes: int
    given: tuple[str, ...]
    left_out: dict[str, int]


def package_study(
    study: Study,
    out: Path,
    include: Iterable[str],
    replace_it: bool,
    tell: Callable[[str], Any] | None = None,
) -> Packaged:
    """Write the package of a study that has been run. Where a run is at work, `tell` is told so
    and its end waited for.

    Raises PackageError where `out` exists and is not to be replaced, where outputs are missing or
    not those of the study, where the study names places outside of its folder, and where a file
    has a name that other systems do not take.
    """
    included = tuple(sorted(set(include)))
    if out.exists() and not replace_it:
        raise PackageError(f"{out} exists already; --replace writes over it")
    check_places(study)
    with ExitStack() as held:
        if Path(study.output_url).is_dir():
            # a folder that takes no lock takes no run either
            with suppress(WriteError):
                held.enter_context(exclusive(study.cache_folder, "dti package", tell=tell))
        return _package(study, out, included)


def _package(study: Study, out: Path, included: tuple[str, ...]) -> Packaged:
    workspace = Workspace(study)
    fault = stale(workspace)
    if fault:
        raise PackageError(f"{fault}; run: dti run --study {quote(str(study.file))}")
    left_out = left_out_inputs(workspace, included)
    counts = Counter(str(row["kind"]) for row in left_out)
    kinds = [kind for kind in INCLUDABLE if counts[kind]]
    given = tuple(name for kind in kinds for name in STANDING_IN[kind])
    if "patents" in kinds and audited(study, "patents"):
        given += (PATENT_AUDIT,)
    absent = tuple(name for kind in kinds for name in WITHHELD[kind])
    inputs: dict[str, bytes | Path] = {**packaged_inputs(study, {row["path"] for row in left_out})}
    inputs |= audit_inputs(workspace, included)
    _check_no_programs(inputs)
    entries: dict[str, tuple[bytes | Path, str]] = {p: (f, INPUT) for p, f in inputs.items()}
    entries[study.file.name] = (study.shown_text.encode(), INPUT)
    entries |= packaged_outputs(workspace, absent)
    check_entries({path: what for path, (what, _) in entries.items()})
    # the extra has the tokenizer's name
    code = code_here(study.text.tokenizer)
    page = package_readme(workspace, code, sorted(inputs), given, counts, included)
    entries |= {
        described.README: (page.encode("utf-8"), PACKAGER),
        described.CONSTRAINTS: (described.constraints_txt(code), PACKAGER),
        described.LEFT_OUT: (described.left_out_csv(left_out), PACKAGER),
    }
    checksums = described.checksums_csv(_listed(*item) for item in entries.items())
    manifest = Manifest(
        study=study.name,
        study_file=study.file.name,
        code=code,
        given=given,
        absent=absent,
        included=included,
        seeds={"estimates.seed": study.estimates.seed},
        checksums_sha256=_digest(checksums),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        run_seconds=last_run_seconds(study),
    )
    content = {path: what for path, (what, _) in entries.items()}
    content |= {described.CHECKSUMS: checksums, described.MANIFEST: manifest.to_json()}
    with replacing(out) as temporary:
        write_archive(temporary, content)
        size = temporary.stat().st_size
    return Packaged(len(content), size, given, counts)


def _check_no_programs(inputs: Mapping[str, bytes | Path]) -> None:
    for name, content in inputs.items():
        beginning = content[:8] if isinstance(content, bytes) else content.open("rb").read(8)
        if is_program(name, beginning):
            raise PackageError(
                f"{name} is a program, and a package takes none along; move it out of the folders "
                "of the inputs and run the study again"
            )


def check_places(study: Study) -> None:
    """Refuse what could not be laid out in another folder."""
    if study.remote_outputs:
        raise PackageError(f"study {study.file}: outputs are remote; a package needs a folder")
    for key, path in _places(study).items():
        if not is_inside(path.rstrip("/").removeprefix("./")):
            raise PackageError(
                f"study {study.file}: {key} is {path}, outside of the study's folder; put it (or "
                "a link to it) beside the study file, name it there, and run the study again"
            )


def _places(study: Study) -> dict[str, str]:
    """Every path in study.yaml, by its key."""
    places = {"outputs": study.outputs, "text.dictionary": study.text.dictionary}
    places |= {f"inputs.{name}": path for name, path in study.inputs.model_dump().items()}
    places |= {f"audit.{name}": path for name, path in study.audit.model_dump().items()}
    places["patents.dictionaries"] = study.patents.dictionaries
    if study.estimates.tables != "default":
        places["estimates.tables"] = study.estimates.tables
    if study.estimates.citations:
        places["estimates.citations"] = study.estimates.citations
    if study.simulated:
        places["simulated"] = study.simulated
    if study.own_units:
        places["units"] = study.own_units
    return places


def left_out_inputs(workspace: Workspace, included: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows of left_out.csv: reports and patent records that do not travel, and whatever else lies
    in their folders, which may be a copy of them.

    Raises RegistryError for a sources.csv that is no registry.
    """
    rows = [] if "reports" in included else _left_out_reports(workspace)
    return rows if "patents" in included else [*rows, *_left_out_patents(workspace.study)]


def _left_out_reports(workspace: Workspace) -> list[dict[str, Any]]:
    study = workspace.study
    folder, top = study.path(study.inputs.reports), plain_place(study.inputs.reports)
    if not folder.is_dir():
        return []
    addresses = _addresses(folder / FILE_NAME, workspace.units)
    stored = records(workspace.stored("report_files"))
    places = {row["path"]: (row[workspace.level.code], row["year"]) for row in stored}
    read = find_reports(folder)
    known = {FILE_NAME, *side_files(folder), *(file.path for file in read)}
    rows = [_left_out("reports", top, f, addresses.get(places[f.path], "")) for f in read]
    return rows + [_left_out(OTHER, top, f) for f in _others(study, "inputs.reports", known)]


def _left_out_patents(study: Study) -> list[dict[str, Any]]:
    source, top = study.path(study.inputs.patents), plain_place(study.inputs.patents)
    if not source.is_dir():
        return []
    known = {file.name for file in find_files(source)}
    is_records = layout_of(source, study.patents.columns, level=study.level) != "counts"
    read = [
        file
        for file in find_all(source)
        if is_records and file.path in known and not _is_elsewhere(study, "inputs.patents", file)
    ]
    rows = [_left_out("patents", top, file) for file in read]
    return rows + [_left_out(OTHER, top, f) for f in _others(study, "inputs.patents", known)]


def _others(study: Study, key: str, known: set[str]) -> list[Found]:
    """What lies in the folder of that key beside the known paths, README files, and what another
    key of study.yaml names."""
    folder = study.path(_places(study)[key])
    found = [file for file in find_all(folder) if file.path not in known]
    return [
        file
        for file in found
        if file.location.name.lower() != "readme.md" and not _is_elsewhere(study, key, file)
    ]


def _is_elsewhere(study: Study, key: str, file: Found) -> bool:
    """Whether another key says what a file in the folder of that key is."""
    places = _places(study)
    folder = study.path(places.pop(key))
    inside = [path for path in map(study.path, places.values()) if path.is_relative_to(folder)]
    return any((folder / file.path).is_relative_to(path) for path in inside)


def inputs_read(study: Study) -> set[str]:
    """Of reports and patents those that the study's folders hold and a package may leave out."""
    reports, patents = study.path(study.inputs.reports), study.path(study.inputs.patents)
    found = set()
    listed = find_reports(reports) if reports.is_dir() else []
    if not all(_is_elsewhere(study, "inputs.reports", file) for file in listed):
        found.add("reports")
    if patents.is_dir():
        layout = layout_of(patents, study.patents.columns, level=study.level)
        found |= {"patents"} if layout != "none" else set()
    return found


def _left_out(kind: str, top: str, file: Found, url: str = "") -> dict[str, Any]:
    plain = file.location.is_file()
    return {
        "kind": kind,
        "path": f"{top}/{file.path}",
        "bytes": file.location.stat().st_size if plain else "",
        "sha256": sha256(file.location) if plain else "",
        "url": url,
    }


def _addresses(path: Path, units: Units) -> dict[Key, str]:
    """Address by the unit's code and year, of the registry where there is one."""
    if not path.is_file():
        return {}
    return {entry.key: entry.url for entry in read_registry(path, units=units).entries}


def packaged_inputs(study: Study, left_out: Collection[str]) -> dict[str, Path]:
    """Every file the study reads, by its name in the package, but those left out."""
    study_file = study.file.resolve()
    found = {study_file.name: study_file}
    places = [study.patents.dictionaries, study.text.dictionary, study.freeze_file.name]
    if study.estimates.tables != "default":
        places.append(study.estimates.tables)
    if study.estimates.citations:
        places.append(study.estimates.citations)
    if study.simulated:
        places.append(study.simulated)
    if study.own_units:
        places.append(study.own_units)
    for place in map(plain_place, places):
        where = study.root / place
        files = [where] if where.is_file() else sorted(where.rglob("*"))
        for path in files:
            below = path.relative_to(study.root)
            if path.is_file() and not any(part.startswith(".") for part in below.parts):
                found[below.as_posix()] = path
    for place in study.inputs.model_dump().values():
        folder, top = study.path(place), plain_place(place)
        # listed as a run lists them: links followed, names in any encoding
        listed = find_all(folder) if folder.is_dir() else []
        found |= {f"{top}/{f.path}": f.location for f in listed if f.location.is_file()}
    return {name: path for name, path in found.items() if name not in left_out}


def plain_place(place: str) -> str:
    return place.rstrip("/").removeprefix("./")


def packaged_outputs(workspace: Workspace, absent: tuple[str, ...]) -> dict[str, tuple[Path, str]]:
    """The stored tables and the files they list, with the asset that made each."""
    top, out = plain_place(workspace.study.outputs), Path(workspace.study.output_url)
    found = packaged_tables(workspace, absent)
    for table in FILE_TABLES:
        for below in listed_files(workspace, table)["path"]:
            found[f"{top}/{below}"] = (out / below, table.name)
    return found


def packaged_tables(workspace: Workspace, absent: tuple[str, ...]) -> dict[str, tuple[Path, str]]:
    study = workspace.study
    top = plain_place(study.outputs)
    found: dict[str, tuple[Path, str]] = {}
    for name in workspace.tables:
        if name in absent or name in FETCHED:
            continue
        for year in study.all_years if name in YEARLY else [None]:
            path = Path(workspace.store.location(name, year))
            below = path.relative_to(Path(study.output_url)).as_posix()
            found[f"{top}/{below}"] = (path, name)
    return found


def _listed(path: str, entry: tuple[bytes | Path, str]) -> Listed:
    content, made_by = entry
    if isinstance(content, Path):
        return Listed(path, content.stat().st_size, sha256(content), made_by)
    return Listed(path, len(content), _digest(content), made_by)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
