"""What a killed writer leaves goes with the next run; what a living one writes to stays."""

import subprocess
import sys
from pathlib import Path

from dti_assets.store.files import replacing, scratch_folder
from dti_assets.store.sweep import sweep_leftovers

KILLED = """
import os, signal, sys
from pathlib import Path
from dti_assets.store.files import replacing, scratch_folder
path = Path(sys.argv[1])
with replacing(path) as part, scratch_folder(path) as scratch:
    part.write_bytes(b"half")
    (scratch / "0.arrow").write_bytes(b"rows")
    (scratch / ".hidden").mkdir()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def hidden(folder: Path) -> list[Path]:
    return sorted(folder.rglob(".*"))


def test_files_and_folders_of_a_killed_writer_go_and_those_of_a_living_one_stay(
    tmp_path: Path,
) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.parquet")], check=False)
    left = hidden(tmp_path)
    assert sorted(path.is_dir() for path in left) == [False, True, True]
    with replacing(tmp_path / "b.parquet") as part, scratch_folder(tmp_path / "b") as scratch:
        part.write_bytes(b"whole")
        sweep_leftovers(tmp_path)
        assert hidden(tmp_path) == sorted([part, scratch])
    assert [path.name for path in tmp_path.iterdir()] == ["b.parquet"]
