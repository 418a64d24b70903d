"""`python -m benchmarks [--only NAME,NAME]`: measure, and print one block per benchmark.

Some are measured on the whole running stack, some in a process of their own; each module says which arms
it compares. A ratio ends in one line: `R8 MEDIAN [MIN–MAX] bar BAR held|missed`.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.stack import ROOT, running_stack

from . import agentic, catalogue, memory, overhead, task_types, throughput, training

ON_STACK = {
    "throughput": throughput.run,
    "overhead": overhead.run,
    "memory": memory.run,
    "catalogue": catalogue.run,
    "training": training.run,
    "agentic": agentic.run,
    "task-types": task_types.run,
}
ALONE = {  # name → module, run as a program that is told the names
    "claims": "benchmarks.claims",
    "eta": "benchmarks.eta",
    "R1": "benchmarks.queueing",
    "R2": "benchmarks.queueing",
    "R3": "benchmarks.queueing",
    "R4": "benchmarks.queueing",
    "R5": "benchmarks.drawing",
    "R6": "benchmarks.replaying",
    "R7": "benchmarks.replaying",
    "flood": "benchmarks.replaying",
    "R8": "benchmarks.adapters",
    "R9": "benchmarks.delivering",
    "R10": "benchmarks.drawing",
    "R12": "benchmarks.cold",
    "ahead": "benchmarks.ahead",
    "pools": "benchmarks.scaling",
    "swaps": "benchmarks.swaps",
}
POOLS = ROOT / "pools.toml"


def main() -> None:
    known = [*ALONE, *ON_STACK]
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--only", default="", help=f"comma-separated: {', '.join(known)}")
    names = [name for name in parser.parse_args().only.split(",") if name] or known
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    for module in dict.fromkeys(ALONE[name] for name in names if name in ALONE):
        mine = ",".join(name for name in names if ALONE.get(name) == module)
        print(f"--- {mine}", flush=True)
        subprocess.run([sys.executable, "-m", module, mine], cwd=ROOT, check=True)
    if on_stack := [name for name in names if name in ON_STACK]:
        _run_on_stack(on_stack)


def _run_on_stack(names: Sequence[str]) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="atelier-bench-", ignore_cleanup_errors=True) as home,
        running_stack(Path(home), POOLS.read_text(), LOG_LEVEL="WARNING") as stack,
    ):
        stack.manage("seed_catalogue", "--benchmarks")
        for name in names:
            print(f"--- {name}", flush=True)
            ON_STACK[name](stack)


if __name__ == "__main__":
    main()
