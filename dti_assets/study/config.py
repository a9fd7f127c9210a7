"""study.yaml to a validated Study: every choice of a run in one place.

Every path in the file is relative to it. What is wrong is said in one sentence that names the
file, the key and what is allowed.
"""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from dti_assets.errors import StudyError, UnitListError
from dti_assets.instrument.distances import ZeroDistance
from dti_assets.panel.series import catalogue
from dti_assets.store.files import read_named
from dti_assets.study.faults import (
    Place,
    fault_sentence,
    load_yaml,
    outputs_fault,
)
from dti_assets.study.notification import is_web_address
from dti_assets.study.secrets import without_secrets
from dti_assets.units.hubs import find_hub
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units, read_units, shipped_lists

FIRST_YEAR, LAST_YEAR = 1979, 2099


class _Part(BaseModel):
    # a part is checked as part of a study, never by itself
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Inputs(_Part):
    """Folders of the user's files, absolute or relative to study.yaml."""

    reports: Place = Field("reports_raw", description="reports: PDF, DOCX, HTML, TXT")
    patents: Place = Field("patents_raw", description="patent extract, or counts")
    panel: Place = Field("panel_raw", description="yearbook figures")


def _units(info: ValidationInfo) -> Units | None:
    """The study's units; None where a part is checked by itself."""
    return (info.context or {}).get("units")


class SettledReport(_Part):
    """What one report file is, where its name and its text contradict each other.

    The unit may stand under the noun of its level, as in `province: 浙江`.
    """

    unit: str | None = Field(None, description="any name of a unit")
    year: int | None = Field(None, ge=FIRST_YEAR, le=LAST_YEAR, description="year of delivery")
    ignore: bool = Field(False, description="true: do not count this file")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any, info: ValidationInfo) -> Any:
        units = _units(info)
        if units is None or not isinstance(value, dict) or units.level.noun not in value:
            return value
        return {"unit" if key == units.level.noun else key: v for key, v in value.items()}

    @field_validator("unit")
    @classmethod
    def _known(cls, value: str | None, info: ValidationInfo) -> str | None:
        units = _units(info)
        if value is not None and units is not None:
            units.get(value)
        return value


class Text(_Part):
    """How reports are counted."""

    dictionary: Place = Field("dictionaries/digital_economy_policy.csv", description="term list")
    hits: Literal["longest", "token", "overlap"] = Field("longest", description="hit definition")
    words: Literal["all", "nonpunct", "han", "chars"] = Field(
        "nonpunct", description="denominator: tokens, words, Han words, Han characters"
    )
    section: Literal["whole", "plan", "review"] = Field(
        "whole", description="the halves of a report: what is planned, what was done"
    )
    annexes: Literal["drop", "keep"] = Field(
        "drop", description="glossaries and task lists some sites append"
    )
    tokenizer: Literal["jieba", "rjieba"] = Field("jieba", description="word segmentation")
    settled: dict[str, SettledReport] = Field(
        default_factory=dict, description="path in the reports folder to what the file is"
    )


class Reports(_Part):
    """Where reports are read and counted; moves no number."""

    engine: Literal["local", "ray"] = Field("local", description="where reports are read")
    ray_address: str | None = Field(
        None, description="a running Ray cluster; null starts Ray on this machine"
    )


class Floor(_Part):
    """No distance is shorter than this."""

    floor_km: Annotated[float, Field(gt=0, allow_inf_nan=False, description="km")]


class Instrument(_Part):
    """How the instrument divides by distance."""

    hub: str = Field("", description="the seat of a unit; by default the one of a shipped list")
    distance: Literal["great_circle", "geodesic"] = Field("great_circle", description="measure")
    zero_distance: Literal["internal", "drop"] | Floor = Field(
        "internal", description="internal, drop, or {floor_km: number}"
    )

    @field_validator("hub")
    @classmethod
    def _seat(cls, value: str, info: ValidationInfo) -> str:
        units = _units(info)
        # as every table names it, however it is spelled here
        return value if units is None else find_hub(value, units).name

    @property
    def rule(self) -> ZeroDistance:
        if isinstance(self.zero_distance, Floor):
            return ZeroDistance("floor_km", self.zero_distance.floor_km)
        return ZeroDistance(self.zero_distance)


class Patents(_Part):
    """How patents are classified."""

    dictionaries: Place = Field("dictionaries", description="folder with patents_*.csv")
    engine: Literal["local", "ray"] = Field("local", description="where classification runs")
    ray_address: str | None = Field(
        None, description="a running Ray cluster; null starts Ray on this machine"
    )
    kinds: tuple[Literal["invention", "utility_model", "design"], ...] = Field(
        ("invention", "utility_model", "design"), min_length=1, description="kinds counted"
    )
    columns: dict[str, str | list[str]] = Field(
        default_factory=dict, description="column names of your extract, by field"
    )
    extract_date: date | None = Field(
        None, description="day the extract was made; null takes the latest date in it"
    )


class PositiveFloor(_Part):
    """Values below this are raised to it before the logarithm."""

    floor: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Panel(_Part):
    """How the panel is built."""

    log_of_zero: Literal["drop", "asinh"] | PositiveFloor = Field(
        "drop", description="drop, asinh, or {floor: number}"
    )
    aliases: dict[str, str] = Field(
        default_factory=dict, description="header to series, or name to unit"
    )
    units: dict[str, str] = Field(
        default_factory=dict, description="series, or header, to the unit its figures are in"
    )
    fill_gaps: tuple[str, ...] = Field(
        (), description="series whose gaps in your figures the official ones fill"
    )

    @field_validator("aliases")
    @classmethod
    def _aliases(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        units = _units(info)
        for header, target in value.items():
            if units is not None and units.find(target) is None:
                noun = units.level.noun
                _known_series(target, f"{header} stands for {target!r}, which is no {noun} and ")
        return value

    @field_validator("units")
    @classmethod
    def _units(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if value:
            from dti_assets.panel.yearbooks.figures import given_units

            given_units(value, info.data.get("aliases", {}))
        return value

    @field_validator("fill_gaps")
    @classmethod
    def _series(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            _known_series(name, f"{name!r} is ")
        return value

    @property
    def log_rule(self) -> str | dict[str, float]:
        """The rule for the logarithm of zero as plain values."""
        floor = self.log_of_zero
        return {"floor": floor.floor} if isinstance(floor, PositiveFloor) else floor


def _known_series(name: str, sentence: str) -> None:
    series = catalogue()
    if name not in series:
        near = get_close_matches(name, series, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(series)}"
        raise ValueError(f"{sentence}no series; {hint}")


class Estimates(_Part):
    """How the tables are estimated."""

    covariance: Literal["clustered", "robust", "iid"] = Field(
        "clustered", description="standard errors"
    )
    tables: Place = Field("default", description="default, or a folder of specifications")
    draws: int = Field(9999, ge=99, le=999_999, description="draws of each wild bootstrap test")
    bootstrap_draws: int = Field(
        5000, ge=99, le=999_999, description="resampled panels behind each indirect effect"
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="of all draws")
    citations: Place | None = Field(
        None, description="YAML file of published instrumental-variable results"
    )


class Audit(_Part):
    """Where coders' sheets lie; what is labelled there corrects the counts in an asset."""

    reports: Place = Field("audit/reports", description="sheets of dti audit reports")
    patents: Place = Field("audit/patents", description="sheets of dti audit patents")


class Notify(_Part):
    """Who is told of a run that failed."""

    # without repr: the address is a password, which no message about a fault repeats
    webhook: str | None = Field(
        None, repr=False, description="address that a failed run is posted to, as JSON"
    )

    @field_validator("webhook")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not is_web_address(value):
            raise ValueError("an address that begins with http:// or https:// is expected")
        return value


class Study(_Part):
    """One study: years, folders, and every choice that moves a number."""

    name: str = Field("official", min_length=1, description="a name for outputs and notes")
    years: tuple[int, int] = Field(description="first and last year, inclusive")
    units: Place = Field("provinces", description="provinces, or a CSV file of units of your own")
    simulated: Place | None = Field(
        None, description="truth.json of an invented study, whose results say simulated data"
    )
    inputs: Inputs = Inputs()
    outputs: Place = Field("outputs", description="folder, or any fsspec URL")
    run_storage: Literal["sqlite", "postgres"] = Field(
        "sqlite", description="run records: in the run home, or at DTI_POSTGRES_URL"
    )
    text: Text = Text()
    reports: Reports = Reports()
    instrument: Instrument = Instrument()
    patents: Patents = Patents()
    panel: Panel = Panel()
    estimates: Estimates = Estimates()
    audit: Audit = Audit()
    notify: Notify = Notify()
    # no keys of the file
    _file: Path = PrivateAttr(Path("study.yaml"))
    _years_in_file: tuple[int, int] | None = PrivateAttr(None)
    _unit_list: Units | None = PrivateAttr(None)

    @field_validator("years")
    @classmethod
    def _years(cls, value: tuple[int, int]) -> tuple[int, int]:
        return _ordered(value)

    @property
    def file(self) -> Path:
        """The file that the study was read from."""
        return self._file

    @property
    def years_in_file(self) -> tuple[int, int] | None:
        """The years in the file, which those of a command may have replaced."""
        return self._years_in_file

    @property
    def unit_list(self) -> Units:
        """The units of the study."""
        return self._unit_list or read_units(self.units, self.root)

    @property
    def own_units(self) -> str | None:
        """The CSV file of the units, as the study names it; None for a list that ships."""
        return None if self.units in shipped_lists() else self.units

    @property
    def level(self) -> Level:
        """What the units are called, and the columns that identify one."""
        return self.unit_list.level

    @property
    def title(self) -> str:
        """The name as it stands over results: invented data are called so."""
        return f"{self.name} (simulated data)" if self.simulated else self.name

    @property
    def root(self) -> Path:
        """The folder study.yaml lies in."""
        return self.file.resolve().parent

    @property
    def all_years(self) -> list[int]:
        return list(range(self.years[0], self.years[1] + 1))

    @property
    def shown_text(self) -> str:
        """study.yaml as it may be published and loaded, without what is a password."""
        return without_secrets(self.file.read_text(encoding="utf-8"), self.notify.webhook)

    def path(self, relative: str) -> Path:
        """A path of the study, resolved against its folder."""
        return self.root / relative

    @property
    def freeze_file(self) -> Path:
        """Where the record of the frozen instrument is kept."""
        return self.root / "instrument.freeze.json"

    def instrument_settings(self) -> dict[str, Any]:
        """Every choice that moves the instrument, by key of the study file. The dictionary's
        path is not one: its terms are hashed on their own."""
        settings: dict[str, Any] = {}
        for part in ("text", "instrument"):
            chosen = getattr(self, part).model_dump(mode="json")
            settings |= {f"{part}.{key}": value for key, value in chosen.items()}
        del settings["text.dictionary"]
        return settings

    @property
    def remote_outputs(self) -> bool:
        return "://" in self.outputs

    @property
    def output_url(self) -> str:
        """Where tables are stored: an fsspec URL, or an absolute folder."""
        return self.outputs if self.remote_outputs else str(self.path(self.outputs))

    @property
    def cache_folder(self) -> Path:
        """Where work is kept between runs; beside the study where outputs are remote."""
        return self.root / ".cache" if self.remote_outputs else self.path(self.outputs) / "cache"

    @property
    def home(self) -> Path:
        """The Dagster home of this study."""
        return self.root / ".dagster"


def _ordered(years: tuple[int, int]) -> tuple[int, int]:
    first, last = years
    if not FIRST_YEAR <= first <= last <= LAST_YEAR:
        raise ValueError(
            f"first and last year must satisfy {FIRST_YEAR} <= first <= last <= {LAST_YEAR}"
        )
    return years


def load_study(path: str | Path, years: tuple[int, int] | None = None) -> Study:
    """The study in a YAML file; `years` replaces its years. Raises StudyError."""
    try:
        return _load(Path(path), years)
    except RecursionError:
        raise StudyError(f"study {path}: lists or mappings lie too deep in one another") from None


def _load(path: Path, years: tuple[int, int] | None) -> Study:
    try:
        text = read_named(path).decode("utf-8-sig")
        raw = load_yaml(text)
    except FileNotFoundError as error:
        raise StudyError(
            f"study {path}: {error.strerror}; run it in a study folder, name a study with --study "
            "FILE, or make one with dti new DIR"
        ) from error
    except OSError as error:
        raise StudyError(f"study {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise StudyError(f"study {path}: not UTF-8 at byte {error.start}") from error
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise StudyError(f"study {path}{line}: not valid YAML ({error.problem})") from error
    except yaml.YAMLError as error:
        raise StudyError(f"study {path}: not valid YAML ({error})") from error
    if not isinstance(raw, dict):
        raise StudyError(
            f"study {path}: a mapping of keys is expected, such as years: [2009, 2022]"
        )
    declared = raw.get("years")
    if years is not None:
        raw["years"] = list(_given(years))
    try:
        units = read_units(str(raw.get("units") or "provinces"), path.resolve().parent)
        instrument = raw.setdefault("instrument", {})
        if isinstance(instrument, dict) and units.level.hub is not None:
            instrument.setdefault("hub", units.level.hub)
        study = Study.model_validate(raw, context={"units": units})
    except UnitListError as error:
        raise StudyError(f"study {path}: units: {error}") from error
    except TypeError as error:
        raise StudyError(f"study {path}: keys must be words ({error})") from error
    except ValidationError as error:
        raise StudyError(f"study {path}: {fault_sentence(error, Study, text)}") from error
    study._file = path
    study._unit_list = units
    inputs = study.inputs.model_dump()
    if not study.remote_outputs and (fault := outputs_fault(study.root, study.outputs, inputs)):
        raise StudyError(f"study {path}: {fault}")
    if isinstance(declared, list) and [type(year) for year in declared] == [int, int]:
        study._years_in_file = (declared[0], declared[1])
    return study


def _given(years: tuple[int, int]) -> tuple[int, int]:
    """Years from elsewhere than the file, which is not to blame for them. Raises StudyError."""
    try:
        return _ordered(years)
    except ValueError as error:
        raise StudyError(f"years {years[0]}-{years[1]}: {error}") from error


def study_schema() -> dict[str, Any]:
    """JSON Schema of study.yaml, for editors."""
    return Study.model_json_schema()
