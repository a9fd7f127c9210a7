"""`dti simulate`: a complete study folder whose every number has a known truth.

The only module besides the pipeline that puts the domain packages together. Reports come from
`report_files`, patents from `patents`, figures from `panel`; here the instrument of the reports
enters the number of patents, and both enter the panel's equations, so that a run of the study must
find the coefficients in truth.json.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.errors import SimulationError
from dti_assets.instrument import formula
from dti_assets.panel.official import official_statistics
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.simulation.panel import (
    Simulation,
    kilometres,
    simulate_panel,
    simulated_figures,
    wide_figures,
    within,
)
from dti_assets.simulation.patents import LABELS, simulate_patents, write_patents
from dti_assets.simulation.report_files import write_reports
from dti_assets.store.schema import records
from dti_assets.text.choices import frequency
from dti_assets.text.dictionary import Dictionary, load_dictionary
from dti_assets.units.lists import Units, shipped_units

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

FIRST_YEAR = 1990
PATENTS_PER_CELL = 10
# one term more than the shipped list: with the shipped one, the published counts of real reports
# would stand in for the provinces that are not simulated, and be compared with invented reports
EXTRA_TERM = "数智融通"
# Half the patents are digital, against 15 % in life, and errors are a third of the panel's
# default: with real populations and thousands of patents there is not one digital patent per
# million inhabitants, and DTIn would be nearly all sampling noise.
_DIGITAL_SHARE = 0.5
_MAINLAND_SHARE = 0.95
_SHOCK = 0.15
_ERROR = 0.1
_POLICY = "digital_economy_policy.csv"
_README = """# An invented study

Made by `dti simulate --seed {seed}`. No sentence, patent or figure here is real, populations
aside. `truth.json` holds what a run of the study must find: keyword hits by report, section and
term, patents by province and year, the panel, and the coefficients of its equations;
`truth_patents.parquet` the technologies of each patent.

    dti run --study study.yaml
"""


def simulate_study(
    folder: Path,
    n_provinces: int | None = None,
    years: tuple[int, int] = (2009, 2022),
    n_patents: int = 20_000,
    seed: int = 7,
    strength: float = 40.0,
    endogeneity: float = 0.0,
) -> dict[str, Any]:
    """Write a study into `folder`, new or empty; returns what truth.json holds.

    The provinces are the first of GB/T 2260 order, all where no number is given. `strength` is
    about the first-stage F less one, `endogeneity` the correlation of the errors of DTIn and
    Export. Same arguments, same bytes (truth.json is written last). Raises SimulationError for a
    folder that is not empty or an option out of range, before anything is written; PanelError for
    strength and endogeneity. What was written is removed where it is interrupted or fails.
    """
    units = shipped_units("provinces")
    number = len(units) if n_provinces is None else n_provinces
    design = _design(units, number, years, n_patents, seed, strength, endogeneity)
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SimulationError(f"{folder} is not an empty folder; dti simulate overwrites nothing")
    with _whole_or_nothing(folder):
        return _written(folder, units, design, n_patents, seed)


@contextmanager
def _whole_or_nothing(folder: Path) -> Iterator[None]:
    """What the block makes in `folder`, new or empty, goes where it does not come to its end; a
    folder that was there before stays, and so do those above it."""
    was_there = folder.exists()
    try:
        yield
    except BaseException:
        # what cannot be removed must not hide why the block ended
        with suppress(OSError):
            for path in list(folder.iterdir()):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            if not was_there:
                folder.rmdir()
        raise


def _written(
    folder: Path, units: Units, design: Simulation, n_patents: int, seed: int
) -> dict[str, Any]:
    """Write the study of the design, whose units are the first of `units`."""
    years, number = design.years, len(design.units)
    for name in ("dictionaries", "reports_raw", "patents_raw", "panel_raw"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _study_file(folder, years, seed)
    dictionary = _dictionaries(folder / "dictionaries")
    reports, words = write_reports(
        folder / "reports_raw", dictionary, years, seed, units=units, n_units=number
    )
    instrument = _instrument(reports, words, design)
    people = _population(design)
    cells = _filings(units, design, n_patents, seed, instrument, people)
    counts = _patents(folder, units, design, n_patents, seed, cells)
    panel, coefficients = _panel(folder, design, seed, instrument, people, counts)
    truth = {
        "made_by": "dti simulate",
        "seed": seed,
        "years": list(years),
        units.level.plural: [unit.name for unit in design.units],
        "coefficients": coefficients,
        "reports": reports,
        "patents": records(counts),
        "panel": records(panel),
    }
    (folder / "README.md").write_text(_README.format(seed=seed), encoding="utf-8")
    (folder / "truth.json").write_text(
        json.dumps(truth, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    return truth


def _design(
    units: Units,
    number: int,
    years: tuple[int, int],
    n_patents: int,
    seed: int,
    strength: float,
    endogeneity: float,
) -> Simulation:
    first, last = years
    if seed < 0:
        raise SimulationError(f"seed {seed} is negative")
    if not 2 <= number <= len(units):
        raise SimulationError(f"{units.level.plural} {number}: 2 to {len(units)}")
    if not FIRST_YEAR <= first < last <= date.today().year:
        raise SimulationError(
            f"years {first}-{last}: two or more, from {FIRST_YEAR} to {date.today().year}"
        )
    least = PATENTS_PER_CELL * number * (last - first + 1)
    if n_patents < least:
        raise SimulationError(
            f"patents {n_patents:,}: at least {least:,} ({PATENTS_PER_CELL} a {units.level.noun} "
            "and year)"
        )
    return Simulation(
        units=units.first(number),
        years=years,
        strength=strength,
        endogeneity=endogeneity,
        sd_dti=_SHOCK,
        sd_export=_ERROR,
        sd_mediators=(_ERROR, _ERROR),
    )


def _study_file(folder: Path, years: tuple[int, int], seed: int) -> None:
    """The template that `dti new` writes, with its own name and years."""
    text = (files("dti_assets.reference") / "study" / "study.yaml").read_text(encoding="utf-8")
    for key, value in (
        ("name", f"simulated-{seed}"),
        ("years", f"[{years[0]}, {years[1]}]"),
        ("simulated", "truth.json"),
    ):
        text, found = re.subn(rf"^{key}: (?:\[[^]]*\]|\S+)", f"{key}: {value}", text, flags=re.M)
        assert found == 1, f"the study template has no line {key}:"
    body = text[text.index("name: ") :]
    head = (
        f"# An invented study made by dti simulate --seed {seed}; its truth is in truth.json, and\n"
        "# for the sake of the key `simulated` every result says that it is simulated data.\n"
    )
    (folder / "study.yaml").write_text(head + body, encoding="utf-8")


def _dictionaries(folder: Path) -> Dictionary:
    """Copy the shipped lists, one invented term added to the policy list; returns that list."""
    for source in sorted((files("dti_assets.reference") / "dictionaries").iterdir(), key=str):
        if source.name.endswith(".csv"):
            content = source.read_bytes()
            if source.name == _POLICY:
                row = f"{EXTRA_TERM},simulated,zh,invented by dti simulate,,\n"
                content = content.rstrip(b"\r\n") + b"\n" + row.encode()
            (folder / source.name).write_bytes(content)
    return load_dictionary(folder / _POLICY)


def _instrument(reports: list[dict[str, Any]], words: np.ndarray, design: Simulation) -> np.ndarray:
    """DTI_iv (units, years) under the defaults of study.yaml."""
    import numpy as np

    hits = np.array([row["keyword_hits"] for row in reports], dtype=float).reshape(words.shape)
    km = np.array(kilometres(design.units))[:, None]
    return np.asarray(formula.instrument(frequency(hits, words), km))


def _population(design: Simulation) -> np.ndarray:
    """Inhabitants in 10k (units, years): the official figures, the nearest year's where
    none is published."""
    import numpy as np

    level = design.units.level
    known = official_statistics(level=level).set_index([*level.when])["population"]
    shipped = known.index.get_level_values("year")
    first, last = int(shipped.min()), int(shipped.max())
    rows = [
        [float(known[unit.code, min(max(year, first), last)]) for year in _span(design)]
        for unit in design.units
    ]
    return np.array(rows)


def _span(design: Simulation) -> range:
    return range(design.years[0], design.years[1] + 1)


def _patents(
    folder: Path, units: Units, design: Simulation, n: int, seed: int, cells: pd.DataFrame
) -> pd.DataFrame:
    """Write the extract and its labels; returns applications, grants and technologies by
    unit and year, counted on the labels."""
    import pandas as pd
    import pyarrow.parquet as pq

    level = units.level
    write_patents(
        folder / "patents_raw" / "patents.parquet", n, seed, units=units, cells=cells, labels=False
    )
    place = cells[[*level.keys, "year"]]
    index = pd.MultiIndex.from_frame(place[[*level.when]])
    truths = ["label_digital", *(f"label_{name}" for name in TECHNOLOGIES)]
    filed = pd.DataFrame(0, index, truths)
    granted = pd.Series(0, index)
    homes = {unit.full_name: unit.code for unit in design.units}
    dtype = place[level.code].dtype
    with pq.ParquetWriter(folder / "truth_patents.parquet", _labels_schema()) as writer:
        for table in simulate_patents(n, seed, units=units, cells=cells):
            writer.write_table(table.select(["申请号", *LABELS]))
            rows = table.to_pandas()
            rows = rows[rows["label_digital"]]
            code = rows["申请人地址"].str.extract(f"^({'|'.join(homes)})")[0].map(homes)
            year = rows["申请日"].str[:4].astype(int)
            at_home = code.notna()
            sums = rows[at_home].groupby([code[at_home].astype(dtype), year[at_home]])[truths].sum()
            filed += sums.reindex(index, fill_value=0)
            given = at_home & rows["授权公告日"].notna()
            when = rows.loc[given, "授权公告日"].str[:4].astype(int)
            sizes = when.groupby([code[given].astype(dtype), when]).size()
            granted += sizes.reindex(index, fill_value=0)
    counts = place.assign(applications=filed["label_digital"].to_numpy(), grants=granted.to_numpy())
    for name in TECHNOLOGIES:
        counts[name] = filed[f"label_{name}"].to_numpy()
    return counts


def _labels_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([("申请号", pa.string()), *((name, pa.bool_()) for name in LABELS)])


def _filings(
    units: Units,
    design: Simulation,
    n: int,
    seed: int,
    instrument: np.ndarray,
    people: np.ndarray,
) -> pd.DataFrame:
    """Where and when patents are filed: expected DTIn is pi DTI_iv + a_i + b_t + v, with pi such
    that the instrument has the strength of the design against v and the noise of counts."""
    import numpy as np
    import pandas as pd

    draw = np.random.default_rng([seed, 3])
    million = people / 100
    # of all units, so that those of a unit do not depend on how many are simulated
    shape = (len(units), people.shape[1])
    base = draw.uniform(-0.1, 0.1, (shape[0], 1)) + np.linspace(-0.2, 0.2, shape[1])
    base = (base + design.sd_dti * draw.standard_normal(shape))[: len(design.units)]
    wanted = _DIGITAL_SHARE * _MAINLAND_SHARE * n
    z = instrument - instrument.mean()
    variation = float((within(instrument) ** 2).sum())
    expected, slope = _levelled(base, million, wanted), 0.0
    for _ in range(5):
        rate = np.expm1(expected)
        noise = design.sd_dti**2 + float((rate / million / (1 + rate) ** 2).mean())
        slope = np.sqrt(design.strength * noise / variation) if variation > 0 else 0.0
        expected = _levelled(base + slope * z, million, wanted)
    digital = np.expm1(expected) * million
    digital *= _DIGITAL_SHARE / digital.sum()
    # half of the others evenly, so that no unit-year is without a patent
    other = million / million.sum() + 1 / million.size
    other *= (1 - _DIGITAL_SHARE) / other.sum()
    places = [{**units.key(unit), "year": year} for unit in design.units for year in _span(design)]
    weight = (digital + other).reshape(-1)
    return pd.DataFrame(places).assign(weight=weight, digital_share=digital.reshape(-1) / weight)


def _levelled(shape: np.ndarray, million: np.ndarray, wanted: float) -> np.ndarray:
    """DTIn of that shape, at the level at which it stands for `wanted` patents in all."""
    import numpy as np

    low, high = -5.0 - shape.max(), 20.0 - shape.min()
    for _ in range(80):
        middle = (low + high) / 2
        total = (np.expm1(np.maximum(shape + middle, 0.01)) * million).sum()
        low, high = (middle, high) if total < wanted else (low, middle)
    return np.asarray(np.maximum(shape + low, 0.01))


def _panel(
    folder: Path,
    design: Simulation,
    seed: int,
    instrument: np.ndarray,
    people: np.ndarray,
    counts: pd.DataFrame,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Write the figures; returns the panel they stand for and the coefficients."""
    import numpy as np
    import pandas as pd

    level = design.units.level

    def per_million(name: str) -> np.ndarray:
        return np.log1p(counts[name].to_numpy(float).reshape(people.shape) / (people / 100))

    panel, coefficients = simulate_panel(design, seed, per_million("applications"), instrument)
    # grants come from the patents; nothing depends on them
    panel["DTIG"] = per_million("grants").reshape(-1)
    figures = simulated_figures(panel, level=level)
    population = figures[figures["series"] == "gdp"].assign(
        series="population", unit="10k persons", value=people.reshape(-1)
    )
    wide = wide_figures(pd.concat([figures, population], ignore_index=True), level=level)
    wide.to_csv(
        folder / "panel_raw" / "figures.csv", index=False, encoding="utf-8", lineterminator="\n"
    )
    # stated for the drawn DTIn, which this study does not use
    coefficients.pop("least_squares_bias")
    return panel, coefficients
