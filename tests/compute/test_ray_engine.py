"""Work on Ray gives what this machine gives: results, failures, cache and resuming alike. One Ray
for the module; several nodes are in test_ray_nodes."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import samples
from compute.test_workers import misbehave

from dti_assets.compute import ray as ray_engine
from dti_assets.compute.engines import LocalWorkers, RayWorkers, ReportEngine
from dti_assets.compute.ray import RayCluster
from dti_assets.compute.workers import Failure, Limits
from dti_assets.errors import EngineError
from dti_assets.patents.combine import combine
from dti_assets.patents.extract import classify_extract, on_ray
from dti_assets.patents.terms import load_terms
from dti_assets.simulation.patents import write_patents
from dti_assets.store.cache import Cache
from dti_assets.text.attention import CountingRules, count_reports
from dti_assets.text.dictionary import shipped_dictionary
from dti_assets.text.folder import Folder, read_folder, report_texts
from dti_assets.units.lists import shipped_units

LIMITS = Limits(4.0, 2 * 2**30)
PROVINCES = shipped_units("provinces")


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    ray = pytest.importorskip("ray", reason="the optional extra [ray] is not installed")
    # workers import the test's functions by name, as they do the package's
    with pytest.MonkeyPatch.context() as patch:
        here = str(Path(__file__).parents[1])
        patch.setenv("PYTHONPATH", os.pathsep.join([here, os.environ.get("PYTHONPATH", "")]))
        # without "local" it would join a cluster that was left running on this machine
        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
        yield RayCluster()
        ray.shutdown()


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Reports of each kind, one that never ends, one that is broken and one that is gone."""
    folder = tmp_path / "reports"
    folder.mkdir()
    for year in (2014, 2015):
        (folder / f"浙江{year}.txt").write_text(samples.report_text(year=year), encoding="utf-8")
    (folder / "江苏2015.docx").write_bytes(samples.docx(samples.report_lines("江苏省")))
    (folder / "福建2015.html").write_bytes(samples.html(samples.report_lines("福建省")))
    (folder / "山东2015.pdf").write_bytes(samples.cyclic_pdf())
    (folder / "山西2015.pdf").write_bytes(b"%PDF-1.4 cut off")
    return folder


def test_reports_are_read_and_counted_alike(
    cluster: RayCluster, reports: Path, tmp_path: Path
) -> None:
    def everything(engine: ReportEngine, name: str) -> tuple[Folder, list[bytes]]:
        cache, told = Cache(tmp_path / name), []
        read = read_folder(
            reports,
            cache,
            limits=LIMITS,
            engine=engine,
            progress=lambda *n: told.append(n),
            units=PROVINCES,
        )
        assert told[-1] == (6, 6)
        texts = report_texts(read.files, [2014, 2015], reports, cache, units=PROVINCES)
        counts = count_reports(
            texts,
            [2014, 2015],
            shipped_dictionary(),
            CountingRules(),
            cache,
            engine=engine,
            units=PROVINCES,
        )
        assert counts.counted == 4
        entries = sorted(cache.folder.rglob("*.json"))
        frames = [frame.to_csv().encode() for frame in (texts, counts.keywords, counts.words)]
        return read, frames + [path.name.encode() + path.read_bytes() for path in entries]

    with LocalWorkers(2) as local, RayWorkers(cluster) as far:
        here, known = everything(local, "here")
        there, found = everything(far, "there")
        assert here.files.equals(there.files) and known == found
        assert here.tally == there.tally and there.tally.read == 6
        status = dict(zip(there.files["path"], there.files["status"], strict=True))
        assert status["山西2015.pdf"] == "damaged" and list(status.values()).count("ok") == 4
        assert status["山东2015.pdf"] in ("damaged", "timeout", "empty", "too_large")
        # what is known is not sent again, and a file that is gone by then is not looked for there
        again = read_folder(
            reports, Cache(tmp_path / "there"), limits=LIMITS, engine=far, units=PROVINCES
        )
        assert again.files.equals(there.files)
        assert again.tally.read == 6 - again.tally.reused <= 1


def test_calls_fail_alike_and_others_go_on(cluster: RayCluster) -> None:
    calls = ["sleep", "fine", "die", "grow", "raise", "print", "fine"]
    answers = []
    for engine in (LocalWorkers(2), RayWorkers(cluster)):
        with engine:
            answers.append(dict(engine.run(misbehave, [(c,) for c in calls], Limits(2.0, 2**31))))
    assert answers[0] == answers[1]
    kinds = [a.kind if isinstance(a, Failure) else a for _, a in sorted(answers[1].items())]
    assert kinds == ["timeout", "fine", "died", "memory", "error", "print", "fine"]


def test_stopping_early_ends_what_is_under_way(cluster: RayCluster) -> None:
    engine = RayWorkers(cluster)
    for _, answer in engine.run(misbehave, [("fine",), ("sleep",), ("sleep",), ("sleep",)]):
        assert answer == "fine"
        break
    started = time.monotonic()
    assert dict(engine.run(misbehave, [("print",)])) == {0: "print"}
    assert time.monotonic() - started < 20


def test_patents_are_classified_alike_and_resume(cluster: RayCluster, tmp_path: Path) -> None:
    terms = load_terms(Path(__file__).resolve().parents[2] / "dictionaries")
    source = tmp_path / "p.parquet"
    write_patents(source, 5000, seed=4, units=PROVINCES)

    def made(name: str, **options: object) -> tuple[bytes, list[Path]]:
        extract = classify_extract(
            source, terms, tmp_path / name, rows=600, **options, units=PROVINCES
        )
        patents = combine(extract, tmp_path / f"{name}.parquet", level=PROVINCES.level)
        return patents.path.read_bytes() + patents.status.to_csv().encode(), extract.slices

    engine = on_ray(cluster, window=4)
    known, _ = made("here")
    found, slices = made("there", engine=engine)
    assert found == known and len(slices) == 9
    kept = {path: path.stat().st_ino for path in slices[1:]}
    slices[0].unlink()
    again, _ = made("there", engine=engine)
    assert again == known and kept == {path: path.stat().st_ino for path in slices[1:]}


def test_a_node_with_other_versions_is_refused(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dti_assets.compute.ray.versions", lambda: {"jieba": "0.1"})
    with pytest.raises(EngineError, match=r"^Ray at this machine: node .* has jieba .* instead"):
        list(cluster.run(len, [("abc",)]))


def test_what_an_editor_leaves_beside_the_source_makes_no_other_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compute").mkdir()
    source = tmp_path / "compute" / "ray.py"
    source.write_text("x = 1\n")
    monkeypatch.setattr(ray_engine, "__file__", str(source))
    here = ray_engine.versions.__wrapped__()
    (tmp_path / "compute" / ".ray.py.swp").write_bytes(b"an editor's")
    assert ray_engine.versions.__wrapped__() == here
    source.write_text("x = 2\n")
    assert ray_engine.versions.__wrapped__() != here


def test_results_come_in_order_where_order_is_asked_for(cluster: RayCluster) -> None:
    waits = [(0.5,), (0.0,), (0.1,), (0.0,)]
    assert [index for index, _ in cluster.run(time.sleep, waits, in_order=True)] == [0, 1, 2, 3]
    with pytest.raises(ZeroDivisionError):
        list(cluster.run(divmod, [(1, 0)]))


def test_tasks_that_raise_do_not_end_the_process(cluster: RayCluster) -> None:
    # Ray ends the process that cancels a task just when it finishes: within a hundred or so
    for _ in range(300):
        with pytest.raises(ZeroDivisionError):
            list(cluster.run(divmod, [(1, 0)]))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:1", r"Ray at 127\.0\.0\.1:1: nothing answers there \(Connection refused\)"),
        ("ray://127.0.0.1:1", r"nothing answers there"),
        ("no-such-host.invalid:6379", r"nothing answers there"),
        ("nonsense", r"Ray at nonsense: .*nonsense"),
    ],
)
def test_a_bad_address_is_one_sentence(
    address: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="the optional extra [ray] is not installed")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    started = time.monotonic()
    with pytest.raises(EngineError, match=said) as caught:
        next(RayCluster(address).run(len, [("abc",)]))
    assert "\n" not in str(caught.value) and time.monotonic() - started < 10


def test_another_cluster_than_the_one_joined_is_refused(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray")
    joined: list[str] = []
    monkeypatch.setattr("dti_assets.compute.ray._joined", None)
    monkeypatch.setattr(ray, "is_initialized", lambda: bool(joined))
    monkeypatch.setattr(ray, "init", lambda address, **_: joined.append(address))
    # joins, in place of a cluster elsewhere, the one of this module
    for _ in range(2):
        assert list(RayCluster("auto").run(len, [("abc",)])) == [(0, 3)]
    for address, named in (("head:6379", "head:6379"), (None, "this machine")):
        with pytest.raises(EngineError, match=rf"^Ray at {named}: .* joined Ray at auto") as caught:
            next(RayCluster(address).run(len, [("abc",)]))
        assert "\n" not in str(caught.value)
    assert joined == ["auto"]


def test_without_ray_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineError, match=r"extra \[ray\]"):
        next(RayCluster().run(len, []))
