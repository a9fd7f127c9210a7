"""A stratified sample of patents for coders to label, without what the program said.

Strata: not digital, several technologies, each single technology. A third is drawn from the
patents that are not digital, without which there is no recall, the rest evenly from the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from dti_assets.audit.sheets import item_names, write_sheets
from dti_assets.audit.tables import PATENT_KEY
from dti_assets.errors import AuditError
from dti_assets.patents.explain import find_records
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.store.cache import digest
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

INSTRUCTIONS = (
    "Each row of sheet items is one patent application.",
    f"Columns {', '.join(TECHNOLOGIES)}: 1 where the invention belongs to the technology or "
    "builds on it, 0 where it does not, unclear where title and abstract do not tell.",
    "Work alone, in the order given, and do not look at another coder's sheet.",
    "Leave a label empty where you have not come to it. Do not delete rows or change items.",
    "Column comment is yours.",
)


def sample_patents(
    patents: Path | IO[bytes],
    source: Path,
    folder: Path,
    n: int = 200,
    coders: int = 2,
    seed: int = 1,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    *,
    level: Level,
) -> tuple[str, pd.DataFrame]:
    """Write the coders' sheets to `folder`; the sample's name and its key.

    patents : Parquet file with the columns of table digital_patents. source : the folder of the
    extract, for titles and abstracts. Raises AuditError where there is no patent or n is not
    positive.
    """
    import numpy as np

    if n < 1:
        raise AuditError(f"--n {n}: at least one patent has to be drawn")
    strata = patent_strata(patents, level=level)
    if strata.is_empty():
        raise AuditError("no patent records to sample: the study has counts, or no patents at all")
    rng = np.random.default_rng(seed)
    chosen: list[str] = []
    drawn_from: dict[str, dict[str, Any]] = {}
    for name, size in _sizes(strata, n).items():
        numbers = strata.filter(strata["stratum"] == name)["application_no"].sort()
        at = rng.choice(len(numbers), size=size, replace=False)
        drawn = [numbers[int(i)] for i in at]
        chosen += drawn
        design = {"stratum": name, "population": len(numbers)}
        drawn_from |= dict.fromkeys(drawn, design)
    order = [chosen[int(i)] for i in rng.permutation(len(chosen))]
    texts: dict[str, dict[str, Any]] = {}
    for _, row in find_records(order, source, columns, level=level):
        # the publication's text, or of several rows the first that has an abstract
        before = texts.get(row["asked"])
        if before is None or (not before.get("abstract") and row.get("abstract")):
            texts[row["asked"]] = row
    names = item_names(len(order), seed)
    rows = [
        {
            "item": name,
            "title": texts.get(number, {}).get("title") or "",
            "abstract": texts.get(number, {}).get("abstract") or "",
        }
        for name, number in zip(names, order, strict=True)
    ]
    key = PATENT_KEY.frame(
        [
            {"item": name, "application_no": number, **drawn_from[number]}
            for name, number in zip(names, order, strict=True)
        ]
    )
    sample = "p" + digest(seed, coders, *order)[:12]
    write_sheets(folder, sample, rows, TECHNOLOGIES, INSTRUCTIONS, coders, seed)
    return sample, key


def patent_strata(patents: Path | IO[bytes], *, level: Level) -> pl.DataFrame:
    """application_no, kind, application_year, code of the unit, the technologies, digital and
    `stratum` of every application."""
    import polars as pl

    several = pl.sum_horizontal(pl.col(t).cast(pl.Int8) for t in TECHNOLOGIES) > 1
    stratum: Any = pl.when(~pl.col("digital")).then(pl.lit("not_digital"))
    stratum = stratum.when(several).then(pl.lit("several"))
    for technology in TECHNOLOGIES:
        stratum = stratum.when(pl.col(technology)).then(pl.lit(technology))
    place = ("kind", "application_year", level.code)
    return (
        pl.scan_parquet(patents)
        .select(
            "application_no",
            *place,
            *TECHNOLOGIES,
            "digital",
            stratum.otherwise(pl.lit("other")).alias("stratum"),
        )
        .collect()
    )


def _sizes(strata: pl.DataFrame, n: int) -> dict[str, int]:
    """How many to draw from each stratum; what a small one cannot give goes to the others."""
    left = {r["stratum"]: r["len"] for r in strata.group_by("stratum").len().to_dicts()}
    sizes = dict.fromkeys(sorted(left), 0)
    if "not_digital" in sizes:
        sizes["not_digital"] = min(left["not_digital"], -(-n // 3))
    remaining = min(n, sum(left.values())) - sum(sizes.values())
    while remaining:
        open_ = [s for s in sizes if sizes[s] < left[s] and s != "not_digital"] or ["not_digital"]
        for stratum in open_:
            if remaining and sizes[stratum] < left[stratum]:
                sizes[stratum] += 1
                remaining -= 1
    return sizes
