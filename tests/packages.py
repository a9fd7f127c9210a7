"""Replication packages in tests: read, and packed again with other content."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from dti_assets.replication.archive import write_archive

# what stands in for reports and patent records that do not travel
GIVEN = (
    *("report_files", "keyword_counts", "section_words", "keyword_contexts", "candidate_counts"),
    *("patent_row_status", "patent_counts", "patent_totals"),
)


def content_of(package: Path) -> dict[str, bytes]:
    """Content by path."""
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(package: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The package with other content and, as a forger would make them, right checksums."""
    content = content_of(package)
    change(content)
    rows = list(csv.DictReader(io.StringIO(content["checksums.csv"].decode())))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        if row["path"] in content:
            row["sha256"] = hashlib.sha256(content[row["path"]]).hexdigest()
            row["bytes"] = str(len(content[row["path"]]))
            writer.writerow(row)
    content["checksums.csv"] = out.getvalue().encode()
    manifest = json.loads(content["manifest.json"])
    manifest["checksums_sha256"] = hashlib.sha256(content["checksums.csv"]).hexdigest()
    content["manifest.json"] = json.dumps(manifest).encode()
    write_archive(target, content)
    return target
