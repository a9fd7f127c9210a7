"""A replication package back to its study, which is run again and compared with the package."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dti_assets.errors import PackageError
from dti_assets.pipeline.audits import KEYS
from dti_assets.pipeline.execution.freshness import FILE_TABLES
from dti_assets.pipeline.execution.run import run
from dti_assets.pipeline.packages.labels import audited
from dti_assets.pipeline.packages.package import (
    INPUT,
    PACKAGER,
    PATENT_AUDIT,
    STANDING_IN,
    WITHHELD,
    check_places,
    inputs_read,
    packaged_outputs,
    packaged_tables,
    plain_place,
)
from dti_assets.pipeline.resources import Progress, Workspace
from dti_assets.replication import manifest as described
from dti_assets.replication.archive import extract_archive, is_inside, is_program
from dti_assets.replication.compare import Comparison, compare
from dti_assets.replication.manifest import Listed, Manifest, code_here
from dti_assets.study.catalogue import FETCHED
from dti_assets.study.config import Study, load_study


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


@dataclass(frozen=True)
class Unpacked:
    """A package that was checked and laid out to be run: where it lies, and the study in it."""

    folder: Path
    manifest: Manifest
    listed: list[Listed]
    study: Study
    # what its study.yaml says about other machines, which are not asked
    elsewhere: tuple[str, ...] = ()

    @property
    def differences(self) -> list[str]:
        """What differs between the program that made it and the one here."""
        return self.manifest.code.differences(code_here(self.study.text.tokenizer))


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
            if row.made_by == INPUT:
                if is_program(row.path, (folder / row.path).open("rb").read(8)):
                    raise PackageError(f"{package}: {row.path} is a program, and no input is one")
                target = rerun / row.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / row.path, target)
        study, elsewhere = _here(load_study(rerun / manifest.study_file))
        check_places(study)
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
    return Unpacked(folder, manifest, listed, study, elsewhere)


def _here(study: Study) -> tuple[Study, tuple[str, ...]]:
    """The study as it is run on this machine alone, and the settings passed over for that: a
    package is others' and makes no connection. None of them moves a number."""
    local: dict[str, dict[str, Any] | Any] = {
        "reports": {"engine": "local", "ray_address": None},
        "patents": {"engine": "local", "ray_address": None},
        "notify": {"webhook": None},
        "run_storage": "sqlite",
    }
    passed = []
    for key, wanted in local.items():
        part = getattr(study, key)
        if not isinstance(wanted, dict):
            passed += [key] if part != wanted else []
            continue
        passed += [
            f"{key}.{name}" for name, value in wanted.items() if getattr(part, name) != value
        ]
        local[key] = part.model_copy(update=wanted)
    return study.model_copy(update=local), tuple(passed)


def _check_given(manifest: Manifest, workspace: Workspace, package: Path) -> None:
    """Only what stands in for inputs that are not there may be taken as given; a package that
    gives its results would verify nothing."""
    there = inputs_read(workspace.study) if manifest.given else set()
    allowed = {name for kind, names in STANDING_IN.items() if kind not in there for name in names}
    if set(STANDING_IN["patents"]) <= allowed & {*manifest.given} and audited(
        workspace.study, "patents"
    ):
        allowed.add(PATENT_AUDIT)
    allowed_absent = {name for names in WITHHELD.values() for name in names}
    wrong = [n for n in manifest.given if n not in allowed]
    wrong += [n for n in manifest.absent if n not in allowed_absent]
    if wrong:
        raise PackageError(f"{package}: {wrong[0]} may not be taken as given")


def _check_labels(
    listed: list[Listed], manifest: Manifest, workspace: Workspace, package: Path
) -> None:
    """Refuse labels under which a result would pass for an input or as given, and unknown ones."""
    top, home = plain_place(workspace.study.outputs), workspace.study.home.name
    stored = packaged_tables(workspace, manifest.absent)
    for row in listed:
        if row.made_by == INPUT:
            made = row.path.startswith((f"{top}/", f"{home}/"))
            fine = not made or row.path.startswith(f"{top}/data/{KEYS}/")
        elif row.made_by in manifest.given:
            fine = row.path in stored and stored[row.path][1] == row.made_by
        else:
            fine = row.made_by == PACKAGER or row.made_by in workspace.tables
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
    makers = {path: name for path, name in makers.items() if name not in (INPUT, PACKAGER)}
    makers |= {
        path: name for path, (_, name) in packaged_outputs(workspace, manifest.absent).items()
    }
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
