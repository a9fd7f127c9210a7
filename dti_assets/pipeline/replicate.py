"""A study to a replication package, and a package back to a study that is run and compared.

What a package is, is in `replication`; here is what of a study goes into it and how it is rerun.
"""

import contextlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dti_assets.audit.tables import MEASUREMENT_AUDIT
from dti_assets.files import replacing, sha256
from dti_assets.folders import find_all
from dti_assets.pipeline.auditing import KEYS
from dti_assets.pipeline.freshness import FILE_TABLES, listed_files, stale
from dti_assets.pipeline.package_audit import audit_inputs, audited
from dti_assets.pipeline.package_readme import package_readme
from dti_assets.pipeline.resources import Progress, Workspace
from dti_assets.pipeline.run import last_run_seconds, run
from dti_assets.replication import manifest as described
from dti_assets.replication.archive import (
    PackageError,
    extract_archive,
    is_inside,
    write_archive,
)
from dti_assets.replication.compare import Comparison, compare
from dti_assets.replication.manifest import Listed, Manifest, code_here
from dti_assets.sources.registry import FILE_NAME, read_registry
from dti_assets.stored_tables import FETCHED, TRANSCRIPTS, YEARLY
from dti_assets.study import Study, load_study
from dti_assets.tables import records
from dti_assets.text.listing import find_reports

INCLUDABLE = ("reports", "patents")
# in checksums.csv, who made what no asset made
_INPUT, _PACKAGER = "input", "dti package"
# what stands in for an input that does not travel, and what neither travels nor is made again
_STANDING_IN = {
    "reports": (
        *("report_files", "keyword_counts", "section_words"),
        *("keyword_contexts", "candidate_counts"),
    ),
    "patents": ("patent_row_status", "patent_counts", "patent_totals"),
}
# labels of patents are held against the records of all: without these, their results stand in
_PATENT_AUDIT = MEASUREMENT_AUDIT.name
_WITHHELD = {kind: (name,) for kind, name in TRANSCRIPTS.items()}


@dataclass(frozen=True)
class Packaged:
    """A package that was made."""

    files: int
    bytes: int
    given: tuple[str, ...]
    left_out: dict[str, int]


@dataclass
class Verification:
    """How a rerun compares: files by verdict, what was taken as given, what differs in the
    program, and failures of the rerun itself."""

    notes: list[str] = field(default_factory=list)
    given: tuple[str, ...] = ()
    results: dict[str, Comparison] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def of(self, verdict: str) -> list[str]:
        return [path for path, found in self.results.items() if found.verdict == verdict]

    @property
    def differing(self) -> list[str]:
        """Files that differ; a picture drawn by other versions of libraries is not held against
        the numbers."""
        unreadable = [] if self.notes else self.of("unreadable")
        return sorted([*self.of("different"), *unreadable])

    @property
    def succeeded(self) -> bool:
        return not self.failures and not self.differing

    @property
    def verdict(self) -> str:
        """The closing line."""
        if self.failures:
            return "the rerun failed"
        if self.differing:
            return f"different: {len(self.differing)} of {len(self.results)} files"
        return "equal to 1e-9" if self.of("equal") or self.of("unreadable") else "identical"


def package_study(study: Study, out: Path, include: Iterable[str], replace_it: bool) -> Packaged:
    """Write the package of a study that has been run.

    Raises PackageError where `out` exists and is not to be replaced, where outputs are missing or
    not those of the study, and where the study names places outside of its folder.
    """
    included = tuple(sorted(set(include)))
    if out.exists() and not replace_it:
        raise PackageError(f"{out} exists already; --replace writes over it")
    _check_places(study)
    workspace = Workspace(study)
    fault = stale(workspace)
    if fault:
        raise PackageError(f"{fault}; run: dti run --study {study.file}")
    left_out = left_out_inputs(workspace, included)
    kinds = tuple(dict.fromkeys(str(row["kind"]) for row in left_out))
    given = tuple(name for kind in kinds for name in _STANDING_IN[kind])
    if "patents" in kinds and audited(study, "patents"):
        given += (_PATENT_AUDIT,)
    absent = tuple(name for kind in kinds for name in _WITHHELD[kind])
    inputs: dict[str, bytes | Path] = {**packaged_inputs(study, {row["path"] for row in left_out})}
    inputs |= audit_inputs(workspace, included)
    entries: dict[str, tuple[bytes | Path, str]] = {p: (f, _INPUT) for p, f in inputs.items()}
    entries[study.file.name] = (study.shown_text.encode(), _INPUT)
    entries |= _outputs(workspace, absent)
    code = code_here()
    counts = {kind: sum(row["kind"] == kind for row in left_out) for kind in kinds}
    page = package_readme(workspace, code, sorted(inputs), given, counts, included)
    entries |= {
        described.README: (page.encode("utf-8"), _PACKAGER),
        described.CONSTRAINTS: (described.constraints_txt(code), _PACKAGER),
        described.LEFT_OUT: (described.left_out_csv(left_out), _PACKAGER),
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


def _check_places(study: Study) -> None:
    """Refuse what could not be laid out in another folder."""
    if study.remote_outputs:
        raise PackageError(f"study {study.file}: outputs are remote; a package needs a folder")
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
    for key, path in places.items():
        if not is_inside(path.rstrip("/").removeprefix("./")):
            raise PackageError(
                f"study {study.file}: {key} is {path}, outside of the study's folder; put it (or "
                "a link to it) beside the study file, name it there, and run the study again"
            )


def left_out_inputs(workspace: Workspace, included: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows of left_out.csv: reports and patent records that do not travel.

    Raises RegistryError for a sources.csv that is no registry.
    """
    from dti_assets.patents.extract import layout_of
    from dti_assets.patents.reading import find_files

    study = workspace.study
    rows: list[dict[str, Any]] = []
    folder = study.path(study.inputs.reports)
    if "reports" not in included and folder.is_dir():
        addresses = _addresses(folder / FILE_NAME)
        stored = records(workspace.stored("report_files"))
        places = {row["path"]: (row["province_code"], row["year"]) for row in stored}
        for file in find_reports(folder):
            plain = file.location.is_file()
            rows.append(
                {"kind": "reports", "path": f"{_plain(study.inputs.reports)}/{file.path}"}
                | {"bytes": file.location.stat().st_size if plain else ""}
                | {"sha256": sha256(file.location) if plain else ""}
                | {"url": addresses.get(places[file.path], "")}
            )
    source = study.path(study.inputs.patents)
    leave = "patents" not in included and source.is_dir()
    if leave and layout_of(source, study.patents.columns) in ("records", "flagged"):
        rows += [
            {"kind": "patents", "path": f"{_plain(study.inputs.patents)}/{file.name}"}
            | {"bytes": file.path.stat().st_size, "sha256": sha256(file.path), "url": ""}
            for file in find_files(source)
        ]
    return rows


def _addresses(path: Path) -> dict[tuple[int, int], str]:
    """Address by province code and year, of the registry where there is one."""
    return {entry.key: entry.url for entry in read_registry(path).entries} if path.is_file() else {}


def packaged_inputs(study: Study, left_out: set[str]) -> dict[str, Path]:
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
    for place in map(_plain, places):
        where = study.root / place
        files = [where] if where.is_file() else sorted(where.rglob("*"))
        for path in files:
            below = path.relative_to(study.root)
            if path.is_file() and not any(part.startswith(".") for part in below.parts):
                found[below.as_posix()] = path
    for place in study.inputs.model_dump().values():
        folder, top = study.path(place), _plain(place)
        # listed as a run lists them: links followed, names in any encoding
        listed = find_all(folder) if folder.is_dir() else []
        found |= {f"{top}/{f.path}": f.location for f in listed if f.location.is_file()}
    return {name: path for name, path in found.items() if name not in left_out}


def _plain(place: str) -> str:
    return place.rstrip("/").removeprefix("./")


def _outputs(workspace: Workspace, absent: tuple[str, ...]) -> dict[str, tuple[Path, str]]:
    """The stored tables and the files they list, with the asset that made each."""
    top, out = _plain(workspace.study.outputs), Path(workspace.study.output_url)
    found = _stored(workspace, absent)
    for table in FILE_TABLES:
        for below in listed_files(workspace, table)["path"]:
            found[f"{top}/{below}"] = (out / below, table.name)
    return found


def _stored(workspace: Workspace, absent: tuple[str, ...]) -> dict[str, tuple[Path, str]]:
    study = workspace.study
    top = _plain(study.outputs)
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
    import hashlib

    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Unpacked:
    """A package that was checked and laid out to be run: where it lies, and the study in it."""

    folder: Path
    manifest: Manifest
    listed: list[Listed]
    study: Study

    @property
    def differences(self) -> list[str]:
        """What differs between the program that made it and the one here."""
        return self.manifest.code.differences(code_here())


def unpack(package: Path, into: Path) -> Unpacked:
    """Extract and check a package into `into`/package and lay out its study in `into`/rerun.

    Raises PackageError for what is no package or not the one that was made, and where `into` is
    not empty; StudyError for a study that cannot be read.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise PackageError(f"{into} is not an empty folder")
    folder, rerun = into / "package", into / "rerun"
    try:
        names = extract_archive(package, folder)
        manifest = described.read_manifest(folder, package)
        listed = described.check_content(folder, names, manifest, package)
        if not is_inside(manifest.study_file) or manifest.study_file not in names:
            raise PackageError(f"{package}: the study file {manifest.study_file!r} is not in it")
        for row in listed:
            if row.made_by == _INPUT:
                target = rerun / row.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / row.path, target)
        study = load_study(rerun / manifest.study_file)
        _check_places(study)
        workspace = Workspace(study)
        _check_given(manifest, workspace, package)
        _check_labels(listed, manifest, workspace, package)
    except BaseException:
        for made in (folder, rerun):
            shutil.rmtree(made, ignore_errors=True)
        raise
    for row in listed:
        if row.made_by in manifest.given:
            target = rerun / row.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / row.path, target)
    for name in (study.inputs.reports, study.inputs.patents, study.inputs.panel):
        study.path(name).mkdir(parents=True, exist_ok=True)
    return Unpacked(folder, manifest, listed, study)


def _check_given(manifest: Manifest, workspace: Workspace, package: Path) -> None:
    """Only what stands in for inputs may be taken as given; a package that gives its results
    would verify nothing."""
    allowed = {name for names in _STANDING_IN.values() for name in names}
    if set(_STANDING_IN["patents"]) <= {*manifest.given} and audited(workspace.study, "patents"):
        allowed.add(_PATENT_AUDIT)
    allowed_absent = {name for names in _WITHHELD.values() for name in names}
    wrong = [n for n in manifest.given if n not in allowed]
    wrong += [n for n in manifest.absent if n not in allowed_absent]
    if wrong:
        raise PackageError(f"{package}: {wrong[0]} may not be taken as given")


def _check_labels(
    listed: list[Listed], manifest: Manifest, workspace: Workspace, package: Path
) -> None:
    """Refuse labels under which a result would pass for an input or as given, and unknown ones."""
    top, home = _plain(workspace.study.outputs), workspace.study.home.name
    stored = _stored(workspace, manifest.absent)
    for row in listed:
        if row.made_by == _INPUT:
            made = row.path.startswith((f"{top}/", f"{home}/"))
            fine = not made or row.path.startswith(f"{top}/data/{KEYS}/")
        elif row.made_by in manifest.given:
            fine = row.path in stored and stored[row.path][1] == row.made_by
        else:
            fine = row.made_by == _PACKAGER or row.made_by in workspace.tables
        if not fine:
            raise PackageError(f"{package}: {row.path} may not be made by {row.made_by[:40]!r}")


def verify(unpacked: Unpacked, progress: Progress | None = None) -> Verification:
    """Run the study of a package and compare everything it makes with what the package holds."""
    manifest, study = unpacked.manifest, unpacked.study
    found = Verification(notes=unpacked.differences, given=manifest.given)
    workspace = Workspace(study)
    kept = {*manifest.given, *manifest.absent, *FETCHED}
    expression = ",".join(name for name in workspace.tables if name not in kept)
    outcome = run(study, expression, progress=progress)
    found.failures = outcome.failures if not outcome.success else []
    if found.failures:
        return found
    # what the rerun made, whatever the package says it holds, and what it holds besides
    makers = {row.path: row.made_by for row in unpacked.listed}
    makers = {path: name for path, name in makers.items() if name not in (_INPUT, _PACKAGER)}
    makers |= {path: name for path, (_, name) in _outputs(workspace, manifest.absent).items()}
    for path, name in sorted(makers.items()):
        if name not in manifest.given:
            found.results[path] = _compared(path, name, unpacked.folder, study.root)
    return found


def _compared(path: str, made_by: str, package: Path, rerun: Path) -> Comparison:
    there, here = package / path, rerun / path
    if not there.is_file():
        return Comparison("different", "it is not in the package")
    result = compare(there, here)
    # a list of files holds their hashes: the files themselves are compared
    is_list = made_by in {table.name for table in FILE_TABLES}
    if result.verdict == "different" and is_list and path.endswith(f"data/{made_by}.parquet"):
        return compare(there, here, only=("path",))
    return result


@contextlib.contextmanager
def folder_for(into: Path | None) -> Any:
    """`into`, or a temporary folder that goes when all is compared."""
    import tempfile

    if into is not None:
        yield into
        return
    with tempfile.TemporaryDirectory(prefix="dti-verify-") as folder:
        yield Path(folder)
