"""Thirty-one real reports of one year, replayed by a server of our own."""

import csv
from pathlib import Path

import samples
from web_server import Site, fetcher, file

from dti_assets.sources.download import download
from dti_assets.sources.registry import Entry
from dti_assets.store.cache import Cache
from dti_assets.text.folder import read_folder
from dti_assets.units.lists import shipped_units

YEAR = 2019
PROVINCES = shipped_units("provinces")


def test_31_real_reports_are_fetched_once_and_then_only_what_changes(
    site: Site, shared: Path, tmp_path: Path
) -> None:
    with (shared / "reports_truth.csv").open(encoding="utf-8-sig", newline="") as handle:
        truth = [row for row in csv.DictReader(handle) if row["year"] == str(YEAR)]
    entries, contents = [], {}
    for line, row in enumerate(truth, 2):
        province = PROVINCES.get(row["province"])
        content = (shared / "reports_raw" / row["file"]).read_bytes()
        url = site.put(f"/{province.pinyin}", file(content, "application/octet-stream"))
        entries.append(Entry(province, YEAR, url, line))
        contents[f"{YEAR}/{province.name}.{row['format']}"] = content
    assert len(entries) == 31
    folder = tmp_path / "reports"
    folder.mkdir()

    first = download(folder, entries, fetcher(site), units=PROVINCES)
    assert [o.state for o in first] == ["fetched"] * 31
    # a few begin without title and congress: the registry's word is taken, and said to be
    silent = [o.reason for o in first if o.reason]
    assert all("taken from sources.csv" in reason for reason in silent) and len(silent) < 5
    assert {o.file: (folder / str(o.file)).read_bytes() for o in first} == contents

    sent = site.sent
    again = download(folder, entries, fetcher(site), units=PROVINCES)
    assert [o.state for o in again] == ["unchanged"] * 31 and site.sent == sent

    place = PROVINCES.get("浙江")
    new = samples.report_text("浙江省", YEAR).encode()
    site.put(f"/{place.pinyin}", file(new))
    third = download(folder, entries, fetcher(site), units=PROVINCES)
    changed = [o for o in third if o.state != "unchanged"]
    assert [(o.entry.unit, o.state) for o in changed] == [(place, "changed")]
    assert site.sent == sent + len(new)
    assert all((folder / name).read_bytes() == content for name, content in contents.items())

    files = read_folder(folder, Cache(tmp_path / "cache"), units=PROVINCES).files
    assert sorted(files["status"]) == ["ok"] * 31 + ["superseded"]
    assert set(files[files["status"] == "ok"]["year"]) == {YEAR}
