"""The audit of patents: sample, precision and recall, corrected counts and DTIn."""

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pytest
from invented_reports import fill

from dti_assets.audit.agreement import MISSING
from dti_assets.audit.patent_results import PatentAudit
from dti_assets.audit.patent_sample import patent_strata, sample_patents
from dti_assets.audit.report_results import correction_rows
from dti_assets.audit.sheets import NO, UNCLEAR, YES, Labels, read_sheets
from dti_assets.audit.tables import PATENT_KEY
from dti_assets.errors import AuditError
from dti_assets.patents.combine import Patents, combine
from dti_assets.patents.counting import count_patents
from dti_assets.patents.dti import dti
from dti_assets.patents.extract import classify_extract
from dti_assets.patents.tables import KINDS, TECHNOLOGIES
from dti_assets.patents.terms import load_terms
from dti_assets.simulation.patents import write_patents
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
Simulated = tuple[Patents, Path, pd.DataFrame]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Simulated:
    """Classified patents, their extract, and the technologies they truly have."""
    folder = tmp_path_factory.mktemp("audit")
    write_patents(folder / "p.parquet", 4000, seed=3, units=PROVINCES)
    extract = classify_extract(
        folder / "p.parquet", load_terms(root / "dictionaries"), folder / "w", units=PROVINCES
    )
    truth = pd.read_parquet(folder / "p.parquet").set_index("申请号")
    return (
        combine(extract, folder / "o.parquet", level=PROVINCES.level),
        folder / "p.parquet",
        truth,
    )


def labelled(
    simulated: Simulated, folder: Path, wrong: dict[str, object] | None = None, n: int = 120
) -> PatentAudit:
    patents, source, truth = simulated
    _, key = sample_patents(
        patents.path, source, folder, n=n, coders=2, seed=1, level=PROVINCES.level
    )
    number = key.set_index("item")["application_no"]

    def label(item: str) -> dict[str, object]:
        row = truth.loc[number[item]]
        return {t: int(row[f"label_{t}"]) for t in TECHNOLOGIES} | (wrong or {})

    for sheet in folder.glob("*.xlsx"):
        fill(sheet, label)
    labels = read_sheets(folder, key["item"].tolist(), TECHNOLOGIES)
    return PatentAudit(labels, key, patent_strata(patents.path, level=PROVINCES.level))


def by_measure(audit: PatentAudit) -> pd.DataFrame:
    rows = pd.DataFrame(audit.precision_and_recall())
    for name in ("reason", "note"):
        rows[name] = rows.get(name)
    return rows.set_index(["scope", "measure"])


def rates(counts: pd.DataFrame) -> pd.DataFrame:
    """Table dti with 45 million people everywhere."""
    places = counts[["province_code", "year"]].assign(
        variable="population", value=4500.0, unit="10k persons"
    )
    return dti(counts, places, units=PROVINCES)


def test_sheets_hold_no_prediction(simulated: Simulated, tmp_path: Path) -> None:
    patents, source, _ = simulated
    _, key = sample_patents(
        patents.path, source, tmp_path, n=90, coders=2, seed=1, level=PROVINCES.level
    )
    page = openpyxl.load_workbook(tmp_path / "coder_2.xlsx")["items"]
    rows = list(page.iter_rows(values_only=True))
    assert rows[0] == ("item", "title", "abstract", *TECHNOLOGIES, "comment")
    assert len(rows) == 91 and all(row[1] for row in rows)
    assert all(cell is None for row in rows[1:] for cell in row[3:])
    assert not {*key["application_no"]} & {row[0] for row in rows}
    strata = (
        patent_strata(patents.path, level=PROVINCES.level)
        .to_pandas()
        .set_index("application_no")["stratum"]
    )
    drawn = strata[key["application_no"]].value_counts()
    assert drawn["not_digital"] == 30 and set(drawn.index) == set(strata)


def test_perfect_labels_change_nothing(simulated: Simulated, tmp_path: Path) -> None:
    audit = labelled(simulated, tmp_path)
    found = by_measure(audit)
    assert len(found) == 18
    assert (found["estimate"] == 1).all() and (found["conf_high"] == 1).all()
    # no error in the sample is no proof that there is none
    assert (found["conf_low"] < 1).all() and (found["conf_low"] > 0.2).all()
    counts = count_patents(simulated[0], units=PROVINCES)
    table = rates(counts)
    applications, corrected = audit.corrected_dti(counts, table, KINDS, level=PROVINCES.level)
    known = ~np.isnan(applications.values)
    assert known.sum() > 100
    said = counts.set_index(["province_code", "year"])["applications"]
    said = said.reindex(list(table[["province_code", "year"]].itertuples(index=False, name=None)))
    np.testing.assert_allclose(applications.values[known], said.to_numpy(float)[known], rtol=1e-12)
    np.testing.assert_allclose(corrected.values, table["DTIn"].to_numpy(float), rtol=1e-12)
    assert all(row["estimate"] == 1 for row in audit.agreement() if row["estimate"] is not None)


def test_labels_that_disagree(simulated: Simulated, tmp_path: Path) -> None:
    audit = labelled(simulated, tmp_path, {"ai": 1, "iot": 0}, n=90)
    found, truth = by_measure(audit), simulated[2]
    # the humans find AI everywhere: recall is the share predicted, weighted by the strata
    assert found.loc[("ai", "precision"), "estimate"] == 1
    recall = found.loc[("ai", "recall")]
    assert abs(recall["estimate"] - truth["label_ai"].mean()) < 0.02
    assert recall["conf_low"] < recall["estimate"] < recall["conf_high"]
    f1 = found.loc[("ai", "f1"), "estimate"]
    assert f1 == pytest.approx(2 * recall["estimate"] / (1 + recall["estimate"]), rel=1e-12)
    assert found.loc[("iot", "precision"), "estimate"] == 0
    assert pd.isna(found.loc[("iot", "recall"), "estimate"])
    assert "no labelled patent is of this technology" in found.loc[("iot", "recall"), "reason"]
    # everything is digital then: corrected applications are all applications
    counts = count_patents(simulated[0], units=PROVINCES)
    table = rates(counts)
    applications, corrected = audit.corrected_dti(counts, table, KINDS, level=PROVINCES.level)
    every = counts.set_index(["province_code", "year"])["all_applications"]
    every = every.reindex(list(table[["province_code", "year"]].itertuples(index=False, name=None)))
    known = ~np.isnan(applications.values)
    np.testing.assert_allclose(applications.values[known], every.to_numpy(float)[known])
    scaled = known & (table["applications_per_million"].to_numpy(float) > 0)
    rate = every.to_numpy(float)[scaled] / 45
    np.testing.assert_allclose(corrected.values[scaled], np.log1p(rate), rtol=1e-12)
    # where none was counted before the count moves and DTIn does not: its row says why
    stays = known & (table["applications_per_million"].to_numpy(float) == 0)
    stays &= applications.values > 0
    assert stays.any() and set(np.flatnonzero(stays)) == set(corrected.notes)
    rows = correction_rows(corrected, table, "DTIn", level=PROVINCES.level)
    said = [row["note"] is not None and "DTIn stays" in row["note"] for row in rows]
    assert said == stays.tolist()
    assert all(row["estimate"] == row["uncorrected"] == 0 for row in rows if row["note"])


def test_partial_labels_and_what_cannot_be_used(simulated: Simulated, tmp_path: Path) -> None:
    patents, source, _ = simulated
    empty = dict.fromkeys(TECHNOLOGIES)
    with pytest.raises(AuditError, match="no item has a label"):
        labelled(simulated, tmp_path / "a", empty, n=20)
    audit = labelled(simulated, tmp_path / "b", {"iot": None}, n=60)
    # without the label for iot only patents with another technology are decided as digital
    decided = audit.true["digital"]
    assert set(decided[~np.isnan(decided)]) == {1.0} and np.isnan(decided).any()
    assert audit.true["ai"].min() == 0
    note = by_measure(audit).loc[("digital", "recall"), "note"]
    assert "without a labelled patent" in note and "not_digital" in note
    with pytest.raises(AuditError, match="--n 0"):
        sample_patents(patents.path, source, tmp_path / "c", n=0, level=PROVINCES.level)
    counts = count_patents(patents, units=PROVINCES)
    table = rates(counts)
    counts.loc[counts["applications"].first_valid_index(), "applications"] += 1
    with pytest.raises(AuditError, match="patent_counts and digital_patents disagree"):
        audit.corrected_dti(counts, table, KINDS, level=PROVINCES.level)


def strata_of(groups: dict[str, tuple[int, tuple[str, ...]]]) -> pl.DataFrame:
    """Patents in groups of a size and the technologies they were classified as, in strata of the
    names before a colon, numbered within their group."""
    rows = [
        {"application_no": f"{name}-{at}", "stratum": name.partition(":")[0]}
        | {t: t in classified for t in TECHNOLOGIES}
        | {"digital": bool(classified)}
        for name, (size, classified) in groups.items()
        for at in range(size)
    ]
    return pl.DataFrame(rows)


def audit_of(
    strata: pl.DataFrame, labels: dict[str, list[dict[str, int]]], rest: int = NO, **key: object
) -> PatentAudit:
    """An audit of patents: the codes by number and coder, `rest` where a technology is not named;
    `key` holds columns of the key by number."""
    items = [f"i{at}" for at in range(len(labels))]
    values = {
        name: np.array([[said.get(name, rest) for said in coders] for coders in labels.values()])
        for name in TECHNOLOGIES
    }
    coders = tuple(f"c{at}" for at in range(len(next(iter(labels.values())))))
    frame = PATENT_KEY.frame(pd.DataFrame({"item": items, "application_no": [*labels], **key}))
    return PatentAudit(Labels(tuple(items), coders, values), frame, strata)


def voted(votes: list[list[dict[str, int]]], rest: int = NO) -> PatentAudit:
    """An audit of AI patents with these codes of each item by coder."""
    strata = strata_of({"ai": (len(votes), ("ai",))})
    return audit_of(strata, dict(zip(strata["application_no"], votes, strict=True)), rest)


def test_coders_who_name_different_technologies_agree_that_a_patent_is_digital() -> None:
    ai, cloud, data, none = {"ai": YES}, {"cloud": YES}, {"big_data": YES}, {"ai": NO}
    audit = voted([[ai, cloud, data], [ai, cloud, none], [ai, none, none], [ai, none, {}]])
    assert audit.true["digital"].tolist() == [1, 1, 0, 0]
    assert audit.true["ai"].tolist() == [0, 0, 0, 0]
    assert voted([[ai, cloud]]).true["digital"].tolist() == [1]
    assert voted([[ai, none]]).true["digital"].tolist() == [0.5]


def test_a_coder_who_did_not_look_at_all_technologies_says_yes_but_not_no() -> None:
    ai, none, all_ = {"ai": YES}, {"ai": NO}, dict.fromkeys(TECHNOLOGIES, NO)
    rest = dict.fromkeys([name for name in TECHNOLOGIES if name != "ai"], NO)
    votes = [[ai, none], [ai, all_], [none, none], [none, all_], [none, rest], [{}, {}]]
    for gap in (MISSING, UNCLEAR):
        found = voted(votes, gap).true["digital"]
        np.testing.assert_array_equal(found, [1, 0.5, np.nan, 0, 0, np.nan])


def test_a_stratum_without_labels_is_named_and_not_counted() -> None:
    strata = strata_of({"ai": (100, ("ai",)), "cloud": (900, ("cloud",)), "not_digital": (100, ())})
    labels = {f"ai-{at}": [{"ai": YES}] for at in range(10)}
    found = by_measure(audit_of(strata, labels))
    assert found.loc[("digital", "precision"), "estimate"] == 1
    left_out = "strata without a labelled patent left out: "
    assert found.loc[("digital", "precision"), "note"] == left_out + "cloud"
    assert found.loc[("digital", "precision"), "population"] == 100
    assert found.loc[("digital", "recall"), "note"] == left_out + "cloud, not_digital"
    assert found.loc[("digital", "recall"), "population"] == 100
    # no patent of another stratum was classified as AI
    assert pd.isna(found.loc[("ai", "precision"), "note"])
    assert found.loc[("cloud", "precision"), "reason"] == "no labelled patent was classified so"
    assert found.loc[("cloud", "precision"), "population"] == 0


def test_of_several_technologies_the_known_mix_counts() -> None:
    """Of 1,000 patents 300 are classified as AI; of these 270 are, of the others 70."""
    strata = strata_of(
        {"several:so": (300, ("ai", "cloud")), "several:else": (700, ("iot", "cloud"))}
    )
    numbers = strata["application_no"].to_list()
    true = {n: int(n.partition("-")[2]) < (270 if ":so" in n else 70) for n in numbers}
    recall, inside, errors = 270 / 340, 0, []
    rng = np.random.default_rng(4)
    for _ in range(120):
        drawn = [numbers[at] for at in rng.choice(1000, size=60, replace=False)]
        audit = audit_of(strata, {n: [{"ai": YES if true[n] else NO}] for n in drawn})
        row = by_measure(audit).loc[("ai", "recall")]
        so = np.array([":so" in n for n in drawn])
        yes = np.array([true[n] for n in drawn])
        tp, fn = 300 * yes[so].mean(), 700 * yes[~so].mean()
        assert row["estimate"] == pytest.approx(tp / (tp + fn), rel=1e-12)
        inside += row["conf_low"] <= recall <= row["conf_high"]
        errors.append(row["estimate"] - recall)
    assert inside / 120 >= 0.93 and abs(np.mean(errors)) < 0.03
    part = audit_of(strata, {n: [{"ai": YES}] for n in numbers[:9]})
    note = by_measure(part).loc[("ai", "recall"), "note"]
    assert note.endswith("left out: several (classified otherwise)")


def test_patents_are_weighted_as_they_were_drawn() -> None:
    """Drawn from 100 AI and 900 cloud patents, ten of each; of each half are now the other."""
    groups = {"ai:a": (50, ("ai",)), "ai:b": (450, ("ai",))}
    groups |= {"cloud:a": (50, ("cloud",)), "cloud:b": (450, ("cloud",))}
    strata = strata_of(groups)
    drawn = [f"{name}-{at}" for name in groups for at in range(5)]
    labels = {n: [{"ai": NO if ":a" in n else YES}] for n in drawn}
    design = {
        "stratum": ["ai" if ":a" in n else "cloud" for n in drawn],
        "population": [100 if ":a" in n else 900 for n in drawn],
    }
    audit = audit_of(strata, labels, **design)
    found = by_measure(audit)
    # five that stand for 50 were wrong, five that stand for 450 were right
    assert found.loc[("digital", "precision"), "estimate"] == pytest.approx(0.9, rel=1e-12)
    note = found.loc[("digital", "precision"), "note"]
    assert "10 of its patents are in another; of another size: ai, cloud" in note
    assert audit._shares(["ai", "cloud"], 5)[0] == pytest.approx([0.9, 0.9], rel=1e-12)
    # a key of an earlier version: today's strata, as if drawn from them
    old = by_measure(audit_of(strata, labels))
    assert old.loc[("digital", "precision"), "estimate"] == 0.5
    assert old["note"].isna().all()


def test_the_key_says_what_each_patent_was_drawn_from(simulated: Simulated, tmp_path: Path) -> None:
    patents, source, _ = simulated
    _, key = sample_patents(
        patents.path, source, tmp_path, n=90, coders=1, seed=1, level=PROVINCES.level
    )
    strata = (
        patent_strata(patents.path, level=PROVINCES.level)
        .to_pandas()
        .set_index("application_no")["stratum"]
    )
    assert key["stratum"].tolist() == strata[key["application_no"]].tolist()
    assert key["population"].tolist() == key["stratum"].map(strata.value_counts()).tolist()
