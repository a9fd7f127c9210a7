"""Patents of any number with known labels, to test and to measure with. No real patent is used.

Titles and abstracts are put together from phrases, so that they read like Chinese patents
(an abstract has about 210 characters). Digital ones hold a term of their technologies; all may
hold decoys: AIR, 55GWh, 智能 alone, which match nothing, and full-width ＡＩ, which does match.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.errors import PatentError
from dti_assets.files import replacing
from dti_assets.geography.provinces import provinces
from dti_assets.patents import phrases
from dti_assets.patents.tables import TECHNOLOGIES

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_SLICE = 50_000
_GRANTED = 0.45
_FOREIGN = 0.05
_TWO_TECHNOLOGIES = 0.2
LABELS = tuple(f"label_{t}" for t in (*TECHNOLOGIES, "digital"))


def simulate_patents(
    n: int,
    seed: int,
    digital_share: float = 0.15,
    *,
    years: tuple[int, int] = (2009, 2022),
    decoy_share: float = 0.1,
    cells: pd.DataFrame | None = None,
    slice_rows: int = _SLICE,
) -> Iterator[pa.Table]:
    """`n` patents in Arrow tables of at most `slice_rows` rows; the same for the same arguments.

    Columns as in a Chinese export (申请号, 公开（公告）号, 名称, 摘要, IPC, 申请人地址, 申请日,
    授权公告日, 专利类型; all strings) and the known truth: label_ai, ..., label_digital (what the
    shipped dictionaries must find). One row an application; numbers repeat from ten million on.
    digital_share: share of digital patents; decoy_share: share with a decoy; years: of
    application, both included.

    cells: where and when patents are filed: province_code, year, weight, and optionally
    digital_share of the cell; by default every province and year alike. Raises PatentError for
    a share outside [0, 1], years out of order or a cell that cannot be used.
    """
    if not 0 <= digital_share <= 1 or not 0 <= decoy_share <= 1 or n < 0:
        raise PatentError("simulate: shares lie between 0 and 1 and n is not negative")
    place = _cells(cells, years, digital_share)
    for start in range(0, n, slice_rows):
        rng = np.random.default_rng([seed, start])
        yield _slice(min(slice_rows, n - start), start, rng, place, decoy_share)


def write_patents(
    path: Path, n: int, seed: int, digital_share: float = 0.15, **options: Any
) -> int:
    """Write simulated patents to `path`, .parquet or .csv (UTF-8 with a byte-order mark).

    Options are simulate_patents's, and labels=False leaves the truth out. Slice by slice, one
    row group each; returns the number of rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    path = Path(path)
    labels = options.pop("labels", True)
    slices = simulate_patents(n, seed, digital_share, **options)
    writer: Any = None
    rows = 0
    with replacing(path) as part, pa.OSFile(str(part), "wb") as sink:
        for table in slices:
            table = table if labels else table.drop_columns(list(LABELS))
            if writer is None:
                if path.suffix == ".parquet":
                    writer = pq.ParquetWriter(sink, table.schema, compression="zstd")
                elif path.suffix == ".csv":
                    sink.write("\ufeff".encode())
                    writer = csv.CSVWriter(sink, table.schema)
                else:
                    raise PatentError(f"{path.name}: write patents as .parquet or .csv")
            writer.write_table(table)
            rows += table.num_rows
        if writer is not None:
            writer.close()
    return rows


def _cells(cells: pd.DataFrame | None, years: tuple[int, int], share: float) -> dict[str, Any]:
    codes = [p.province_code for p in provinces()]
    if years[0] > years[1]:
        raise PatentError(f"simulate: years {years[0]} to {years[1]} are out of order")
    if cells is None:
        span = range(years[0], years[1] + 1)
        pairs = [(code, year) for code in codes for year in span]
        weight = np.ones(len(pairs))
        digital = np.full(len(pairs), share)
    else:
        pairs = list(zip(cells["province_code"].tolist(), cells["year"].tolist(), strict=True))
        weight = cells["weight"].to_numpy(dtype=float)
        digital = (
            cells["digital_share"].to_numpy(dtype=float)
            if "digital_share" in cells
            else np.full(len(pairs), share)
        )
        wrong = {code for code, _ in pairs} - set(codes)
        if wrong or not (weight >= 0).all() or weight.sum() <= 0:
            raise PatentError(f"simulate: cells with unusable weight or province {sorted(wrong)}")
    return {
        "code": np.array([code for code, _ in pairs]),
        "year": np.array([year for _, year in pairs]),
        "weight": weight / weight.sum(),
        "digital": digital,
    }


def _slice(
    n: int, start: int, rng: np.random.Generator, place: dict[str, Any], decoys: float
) -> pa.Table:
    import pyarrow as pa

    def choose(pool: tuple[str, ...]) -> np.ndarray:
        return np.array(pool, dtype=object)[rng.integers(len(pool), size=n)]

    cell = rng.choice(len(place["weight"]), size=n, p=place["weight"])
    year = place["year"][cell]
    digital = rng.random(n) < place["digital"][cell]
    labels = np.zeros((n, len(TECHNOLOGIES)), dtype=bool)
    labels[np.arange(n), rng.integers(len(TECHNOLOGIES), size=n)] = True
    second = rng.random(n) < _TWO_TECHNOLOGIES
    labels[second, rng.integers(len(TECHNOLOGIES), size=int(second.sum()))] = True
    labels &= digital[:, None]

    # the terms stand in the title, in the abstract or in both
    where = rng.integers(3, size=n)
    in_title = np.full(n, "", dtype=object)
    in_abstract = np.full(n, "", dtype=object)
    for column, technology in enumerate(TECHNOLOGIES):
        term = choose(phrases.TERMS[technology])
        chosen = labels[:, column]
        for target, skip in ((in_title, 1), (in_abstract, 0)):
            at = chosen & (where != skip)
            target[at] = target[at] + "基于" + term[at] + "的"
    decoy = np.where(rng.random(n) < decoys, choose(phrases.DECOYS), "")
    # full-width ＡＩ is an artificial-intelligence patent in disguise: among the digital ones only
    disguised = decoy == phrases.FULL_WIDTH
    decoy[disguised & ~digital] = phrases.DECOYS[0]
    labels[disguised & digital, TECHNOLOGIES.index("ai")] = True
    thing, part = choose(phrases.THINGS), choose(phrases.PARTS)
    title = "一种" + in_title + choose(phrases.QUALITIES) + thing + choose(phrases.ENDINGS)
    abstract = (
        "本发明公开了一种" + in_abstract + thing + "，属于" + choose(phrases.FIELDS)
        + "技术领域，包括" + part + "和" + choose(phrases.PARTS) + "，" + choose(phrases.MIDDLES)
        + decoy + choose(phrases.MIDDLES) + choose(phrases.MIDDLES) + "本发明"
        + choose(phrases.EFFECTS) + choose(phrases.EFFECTS) + choose(phrases.CLOSINGS)
    )  # fmt: skip

    kind = rng.choice(3, size=n, p=[0.5, 0.4, 0.1])
    granted = (kind > 0) | (rng.random(n) < _GRANTED)
    month, day = rng.integers(1, 13, size=n), rng.integers(1, 29, size=n)
    lag = np.where(kind == 0, rng.integers(1, 4, size=n), rng.integers(0, 2, size=n))
    serial = start + np.arange(n)
    number = [
        f"CN{y}{k + 1}{s % 10_000_000:07d}.{s % 10}"
        for y, k, s in zip(year, kind, serial, strict=True)
    ]
    lead = np.where(kind == 0, "1", np.where(kind == 1, "2", "3"))
    code = np.where(kind == 0, np.where(granted, "B", "A"), np.where(kind == 1, "U", "S"))
    names = {p.province_code: f"{p.full_name}{p.capital}市" for p in provinces()}
    home = np.array([names[c] for c in place["code"]], dtype=object)[cell]
    foreign = rng.random(n) < _FOREIGN
    address = np.where(foreign, choose(phrases.FOREIGN), home + choose(phrases.STREETS))
    columns: dict[str, Any] = {
        "申请号": number,
        "公开（公告）号": [
            f"CN{a}{s % 100_000_000:08d}{c}" for a, s, c in zip(lead, serial, code, strict=True)
        ],
        "名称": title,
        "摘要": abstract,
        "IPC": choose(phrases.IPC),
        "申请人地址": address,
        "申请日": [f"{y}-{m:02d}-{d:02d}" for y, m, d in zip(year, month, day, strict=True)],
        "授权公告日": [
            f"{y + w}-{m:02d}-{d:02d}" if g else None
            for y, w, m, d, g in zip(year, lag, month, day, granted, strict=True)
        ],
        "专利类型": np.array(["发明专利", "实用新型", "外观设计"], dtype=object)[kind],
    }
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    truth = {f"label_{t}": labels[:, i] for i, t in enumerate(TECHNOLOGIES)}
    return pa.table(arrays | truth | {"label_digital": labels.any(axis=1)})
