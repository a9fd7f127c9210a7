"""Validation against a human: a stratified sample to label, and precision and recall from it.

The sample holds no prediction, so that it can be labelled blind; what the program said is taken
from the classified patents again when the labels are read.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.patents.combine import Patents
from dti_assets.patents.errors import PatentError
from dti_assets.patents.explain import find_records
from dti_assets.patents.tables import AUDIT, TECHNOLOGIES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl

LABELS = tuple(f"label_{t}" for t in TECHNOLOGIES)
_COLUMNS = ("application_no", "title", "abstract", *LABELS, "comment")
_DRAWS = 20_000
_YES = {"1", "yes", "y", "true", "是"}
_NO = {"0", "no", "n", "false", "否"}


def sample(
    patents: Patents,
    source: Path,
    path: Path,
    n: int = 200,
    seed: int = 1,
    columns: Mapping[str, str | Sequence[str]] | None = None,
) -> int:
    """Write `n` patents to label to `path` (CSV, UTF-8 with a byte-order mark).

    Strata: not digital, several technologies, each single technology. A third is drawn from the
    patents that are not digital, without which there is no recall, the rest evenly from the
    other strata. Order is random and predictions are left out. Columns: application_no, title,
    abstract, label_ai, ... (write 1 or 0), comment. Returns the number of rows; raises
    PatentError where the file exists or n is not positive.
    """
    import numpy as np

    if n < 1:
        raise PatentError(f"audit: n is {n}; at least one patent has to be drawn")
    if Path(path).exists():
        raise PatentError(f"{path}: exists already; labels are not overwritten")
    strata = _strata(patents)
    rng = np.random.default_rng(seed)
    chosen: list[str] = []
    for name, size in _sizes(strata, n).items():
        numbers = strata.filter(strata["stratum"] == name)["application_no"].sort()
        at = rng.choice(len(numbers), size=size, replace=False)
        chosen += [numbers[int(i)] for i in at]
    order = [chosen[int(i)] for i in rng.permutation(len(chosen))]
    rows: dict[str, dict[str, Any]] = {}
    for _, row in find_records(order, source, columns):
        # the publication's text, or of several rows the first that has an abstract
        before = rows.get(row["asked"])
        if before is None or (not before.get("abstract") and row.get("abstract")):
            rows[row["asked"]] = row
    with Path(path).open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.DictWriter(handle, _COLUMNS, restval="")
        writer.writeheader()
        for number in order:
            row = rows.get(number, {})
            writer.writerow(
                {
                    "application_no": number,
                    "title": row.get("title") or "",
                    "abstract": row.get("abstract") or "",
                }
            )
    return len(order)


def score(patents: Patents, path: Path, level: float = 0.95, seed: int = 1) -> pd.DataFrame:
    """Table patent_audit: precision and recall of each technology, and of digital, with intervals.

    `path` is the sample with its label columns filled with 1 or 0; rows without any label are
    left out. With w the share of a stratum in all patents, precision is sum w P(predicted and
    true) / sum w P(predicted), recall the same over sum w P(true), each P a share of the
    stratum's sample. Intervals are quantiles over draws from each stratum's Jeffreys posterior
    (Beta with 1/2 added to both counts; Brown, Cai and DasGupta 2001), so that a stratum without
    an error still adds its uncertainty.

    Raises PatentError, naming the line, for a label that is neither 1 nor 0, a label missing in
    a row that has others, and a number that is not in `patents` or stands twice.
    """
    import numpy as np

    labels = _labels(Path(path))
    strata = _strata(patents)
    weights = {row["stratum"]: row["len"] for row in strata.group_by("stratum").len().to_dicts()}
    known = strata.filter(strata["application_no"].is_in(list(labels)))
    predicted = {row["application_no"]: row for row in known.to_dicts()}
    if missing := [number for number in labels if number not in predicted]:
        raise PatentError(f"{path}: {missing[0]} is no application of this extract")
    rng = np.random.default_rng(seed)
    rows = []
    for technology in (*TECHNOLOGIES, "digital"):
        cells: dict[str, list[tuple[bool, bool]]] = {}
        for number, given in labels.items():
            row = predicted[number]
            true = any(given.values()) if technology == "digital" else given[technology]
            said = row["digital"] if technology == "digital" else row[technology]
            cells.setdefault(row["stratum"], []).append((bool(said), true))
        rows += _measures(technology, cells, weights, level, rng)
    return AUDIT.frame(rows)


def _measures(
    technology: str,
    cells: dict[str, list[tuple[bool, bool]]],
    weights: dict[str, int],
    level: float,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    import numpy as np

    # within a stratum the prediction is the same for all (but for several technologies), so the
    # share of true ones among predicted and among not predicted is what labels tell
    estimate: dict[str, float] = {"tp": 0.0, "fp": 0.0, "fn": 0.0}
    draws = {name: np.zeros(_DRAWS) for name in estimate}
    used = {"precision": 0, "recall": 0}
    for stratum, pairs in cells.items():
        for said in (True, False):
            true = sum(t for s, t in pairs if s is said)
            size = sum(1 for s, _ in pairs if s is said)
            if not size:
                continue
            mass = weights[stratum] * size / len(pairs)
            share = rng.beta(true + 0.5, size - true + 0.5, _DRAWS)
            used["recall"] += size
            if said:
                used["precision"] += size
                estimate["tp"] += mass * true / size
                estimate["fp"] += mass * (size - true) / size
                draws["tp"] += mass * share
                draws["fp"] += mass * (1 - share)
            else:
                estimate["fn"] += mass * true / size
                draws["fn"] += mass * share
    absent = sorted(set(weights) - set(cells))
    rows = []
    for measure, other in (("precision", "fp"), ("recall", "fn")):
        total = estimate["tp"] + estimate[other]
        reason = None
        if total == 0:
            reason = (
                "no labelled patent was classified so"
                if measure == "precision"
                else "no labelled patent is of this technology"
            )
        elif absent and measure == "recall":
            reason = f"strata without a labelled patent left out: {', '.join(absent)}"
        low = high = None
        if total:
            ratio = draws["tp"] / (draws["tp"] + draws[other])
            low, high = np.quantile(ratio, [(1 - level) / 2, (1 + level) / 2])
            # skewness may put the estimate on the edge; an interval holds its estimate
            point = estimate["tp"] / total
            low, high = min(float(low), point), max(float(high), point)
        rows.append(
            {
                "technology": technology,
                "measure": measure,
                "estimate": estimate["tp"] / total if total else None,
                "conf_low": low,
                "conf_high": high,
                "labelled": used[measure],
                "reason": reason,
            }
        )
    return rows


def _strata(patents: Patents) -> pl.DataFrame:
    """application_no, the technologies, digital and `stratum` of every application."""
    import polars as pl

    several = pl.sum_horizontal(pl.col(t).cast(pl.Int8) for t in TECHNOLOGIES) > 1
    stratum: Any = pl.when(~pl.col("digital")).then(pl.lit("not_digital"))
    stratum = stratum.when(several).then(pl.lit("several"))
    for technology in TECHNOLOGIES:
        stratum = stratum.when(pl.col(technology)).then(pl.lit(technology))
    wanted = ["application_no", *TECHNOLOGIES, "digital"]
    scan = pl.scan_parquet(patents.path).select(
        *wanted, stratum.otherwise(pl.lit("other")).alias("stratum")
    )
    return scan.collect()


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


def _labels(path: Path) -> dict[str, dict[str, bool]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        # spreadsheets on Chinese systems save CSV so
        text = path.read_text(encoding="gb18030")
    except OSError as error:
        raise PatentError(f"{path}: cannot be read ({error.strerror})") from error
    reader = csv.DictReader(text.splitlines(keepends=True))
    found = reader.fieldnames or []
    if missing := [name for name in ("application_no", *LABELS) if name not in found]:
        raise PatentError(
            f"{path}: no column {', '.join(missing)}; columns found: {', '.join(found)}"
        )
    labels: dict[str, dict[str, bool]] = {}
    for row in reader:
        values = {t: (row[f"label_{t}"] or "").strip().lower() for t in TECHNOLOGIES}
        if not any(values.values()):
            continue
        where = f"{path}, line {reader.line_num}"
        for technology, value in values.items():
            if value not in _YES | _NO:
                said = repr(value) if value else "empty"
                raise PatentError(f"{where}: label_{technology} is {said}; write 1 or 0")
        if row["application_no"] in labels:
            raise PatentError(f"{where}: {row['application_no']} stands twice")
        labels[row["application_no"]] = {t: v in _YES for t, v in values.items()}
    if not labels:
        raise PatentError(f"{path}: no row has a label; write 1 or 0 in {', '.join(LABELS)}")
    return labels
