"""A study run on a Ray cluster of several nodes, each a process of its own, from a driver that is
another: the bytes of a run without Ray."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import samples
from small_study import dti, make_study, stored_bytes, write_reports

from dti_assets.simulation.patents import write_patents
from dti_assets.units.lists import shipped_units

WORK = ("run", "--no-wait", "--select", "+policy_attention,digital_patents", "--study")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where a cluster of three nodes, one processor each, answers."""
    pytest.importorskip("ray", reason="the optional extra [ray] is not installed")
    from ray.cluster_utils import Cluster

    root = str(Path(__file__).resolve().parents[2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]))
        node = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
        cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
        for _ in range(2):
            cluster.add_node(**node)
        cluster.wait_for_nodes()
        yield cluster.address
        cluster.shutdown()


def study(folder: Path) -> Path:
    file = make_study(folder)
    write_reports(folder / "reports_raw")
    (folder / "reports_raw" / "福建2015.pdf").write_bytes(b"%PDF-1.4 cut off")
    (folder / "reports_raw" / "山东2015.txt").write_text(
        samples.report_text("山东省", 2015), "utf-8"
    )
    write_patents(
        folder / "patents_raw" / "patents.parquet", 60_000, seed=3, units=shipped_units("provinces")
    )
    return file


def test_a_cluster_makes_the_same_bytes(address: str, tmp_path: Path) -> None:
    here = study(tmp_path / "here")
    there = tmp_path / "there" / here.name
    shutil.copytree(here.parent, there.parent)
    on_ray = f"{{engine: ray, ray_address: '{address}'}}"
    there.write_text(f"{here.read_text()}reports: {on_ray}\npatents: {on_ray}\n")
    made = []
    for file in (here, there):
        done = dti(*WORK, str(file))
        assert done.returncode == 0, done.stderr
        made.append(stored_bytes(file))
        assert "7 read, 0 reused" in done.stdout + done.stderr
    assert made[0] == made[1]
    assert {"report_files.parquet", "digital_patents.parquet"} <= made[0].keys()


def test_an_address_where_nothing_answers_is_a_failed_run(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the optional extra [ray] is not installed")
    file = make_study(tmp_path / "s", "reports: {engine: ray, ray_address: '127.0.0.1:1'}\n")
    write_reports(file.parent / "reports_raw")
    done = dti("run", "--select", "report_files", "--study", str(file))
    assert done.returncode == 1
    assert "Ray at 127.0.0.1:1: nothing answers there (Connection refused)" in done.stdout
    assert "Traceback" not in done.stderr
