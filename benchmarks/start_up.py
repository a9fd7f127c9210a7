"""What starting up costs, as multiples of `import dagster` in the same run.

    python benchmarks/start_up.py [--rounds 15]

Every measurement is a process of its own, the whole of it, its modules compiled before; turn by
turn, the least of each. The bars: the code location 1.3 times `import dagster`, `dti --help` 0.3 s.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

CODES = {
    "python": "pass",
    "import dagster": "import dagster",
    "code location": "import dti_assets.definitions",
    "dti --help": (
        "import sys; sys.argv[1:] = ['--help']; from dti_assets.cli.main import main; main()"
    ),
}


def seconds(code: str, pycache: str) -> float:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": pycache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as pycache:
        for code in CODES.values():
            seconds(code, pycache)
        taken = [{n: seconds(code, pycache) for n, code in CODES.items()} for _ in range(rounds)]
    least = {name: min(one[name] for one in taken) for name in CODES}
    for name, value in least.items():
        ratio = value / least["import dagster"]
        print(f"{name}: {value:.3f} s, {ratio:.2f} times import dagster")
    met = least["code location"] <= 1.3 * least["import dagster"] and least["dti --help"] <= 0.3
    sys.exit(not met)


if __name__ == "__main__":
    main()
