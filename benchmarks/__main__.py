"""Run every benchmark of this folder and write their figures to docs/performance.md.

    python benchmarks [NAME ...] [options of the benchmarks named]

A benchmark is a file here that prints its figures and ends with 0 where its bar is met; nothing
lists them. Its section of the page is its docstring (what is measured against what), the machine,
and what it printed; sections of benchmarks that were not asked for stay as they are.
"""

from __future__ import annotations

import ast
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"
HEAD = """# How fast is it, and how much memory does it take?

Written by `make bench`, which runs every file of `benchmarks/` and takes a quarter of an hour or
more; `make bench BENCH="load --full"` runs one of them, here with an option, and renews its section
alone. Figures are ratios against a baseline measured in the same run, so that they can be compared
between machines; seconds cannot, least of all on a machine that does other work meanwhile.
[Scaling](scaling.md) says what follows from them.
"""


def names() -> list[str]:
    """Every benchmark of the folder."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem != "__main__")


def machine() -> str:
    """Processors, memory and Python of this machine, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = platform.python_version()
    return f"{cores} processors ({platform.machine()}), {memory:.0f} GB, Python {python}"


def section(name: str, options: list[str]) -> tuple[str, bool]:
    """Run one benchmark, passing its lines on; its section of the page and whether it met its
    bar."""
    print(f"== {name}", flush=True)
    command = [sys.executable, str(HERE / f"{name}.py"), *options]
    # beside the processors at work already, what others run on the machine
    busy = os.getloadavg()[0]
    started = time.monotonic()
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip())
    seconds = time.monotonic() - started
    source = (HERE / f"{name}.py").read_text(encoding="utf-8")
    about = ast.get_docstring(ast.parse(source)) or ""
    title, _, rest = about.partition("\n\n")
    asked = " ".join(["python", f"benchmarks/{name}.py", *options])
    met = process.returncode == 0
    text = "\n".join(
        [
            f"## {name}",
            "",
            " ".join(title.split()),
            "",
            *_prose(rest),
            f"`{asked}` on {machine()}; {seconds:.0f} s, load of the machine before it "
            f"{busy:.1f}; {'bar met' if met else '**bar not met**'} (exit status "
            f"{process.returncode}).",
            "",
            "```text",
            *lines,
            "```",
            "",
        ]
    )
    return text, met


def _prose(docstring: str) -> list[str]:
    """The paragraphs of a docstring as Markdown; how it is called stands below, and what is set
    off by indentation stays set off."""
    kept: list[str] = []
    for paragraph in docstring.split("\n\n"):
        if paragraph.strip().startswith("python benchmarks/"):
            continue
        set_off = paragraph.startswith("    ")
        kept += ["```text", paragraph, "```", ""] if set_off else [paragraph, ""]
    return kept


def renewed(page: str, sections: dict[str, str]) -> str:
    """The page with these sections in place of those of the same name, in alphabetical order;
    sections of benchmarks that are no more are left out."""
    found = {
        text.split("\n", 1)[0].removeprefix("## ").strip(): text.rstrip() + "\n"
        for text in re.split(r"^(?=## )", page, flags=re.M)[1:]
    }
    every = {name: text for name, text in (found | sections).items() if name in names()}
    return "\n".join([HEAD, *(every[name] for name in sorted(every))])


def main(arguments: list[str]) -> int:
    asked = [a for a in arguments if a in names()]
    unknown = [a for a in arguments if a not in names()]
    options = unknown if asked else []
    if unknown and not asked:
        print(f"name one of {', '.join(names())} before its options", file=sys.stderr)
        return 2
    failed = []
    for name in asked or names():
        text, met = section(name, options)
        if not met:
            failed.append(name)
        page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        # written after each, so that an interrupted run keeps what it measured
        PAGE.write_text(renewed(page, {name: text}), encoding="utf-8")
    print(f"{PAGE} is written" + (f"; bar not met: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
