"""`python -m benchmarks [--only NAME,NAME]`: start the real stack, measure, print one block per benchmark."""

import argparse
import tempfile
from pathlib import Path

from tests.stack import running_stack

from . import agentic, catalogue, memory, overhead, throughput, training

BENCHMARKS = {
    "throughput": throughput.run,
    "overhead": overhead.run,
    "memory": memory.run,
    "catalogue": catalogue.run,
    "training": training.run,
    "agentic": agentic.run,
}
POOLS = Path(__file__).resolve().parent.parent / "pools.toml"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--only", default="", help=f"comma-separated: {', '.join(BENCHMARKS)}")
    names = [name for name in parser.parse_args().only.split(",") if name] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    with (
        tempfile.TemporaryDirectory(prefix="atelier-bench-", ignore_cleanup_errors=True) as home,
        running_stack(Path(home), POOLS.read_text(), LOG_LEVEL="WARNING") as stack,
    ):
        stack.manage("seed_catalogue", "--benchmarks")
        for name in names:
            print(f"--- {name}")
            BENCHMARKS[name](stack)


if __name__ == "__main__":
    main()
