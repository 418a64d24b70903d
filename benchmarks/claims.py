"""`python -m benchmarks.claims`: what a claim costs as a queue grows, and the plan behind it.

Servers of its own; every waiting task has its generation and prediction, as in production, so each claim
writes three rows, announces them and commits.
"""

import statistics
import time
from typing import Any

from .ratio import verdict
from .servers import django_on_servers

SIZES = (1_000, 10_000, 100_000)
SHAPES = {"one owner": 1, "40 owners": 40, "1,000 owners": 1000}
CLAIMS = 300
WARM = 20  # claims before it counts
MODELS = 50
P99_SECONDS = 0.020


def main() -> None:
    with django_on_servers():
        from . import claiming  # noqa: PLC0415  after setup

        claiming.prepare()
        print("waiting   shape          p50 ms  p99 ms", flush=True)
        worst = []
        for shape, owners in SHAPES.items():
            for size in SIZES:
                claiming.fill(size, owners, MODELS)
                for _ in range(WARM):
                    claiming.claim_one()
                seconds = sorted(_timed(claiming.claim_one) for _ in range(CLAIMS))
                p99 = statistics.quantiles(seconds, n=100)[98]
                print(f"{size:7,}   {shape:<12} {statistics.median(seconds) * 1e3:8.2f} {p99 * 1e3:7.2f}")
                if size == max(SIZES):
                    worst.append(p99)
        print(claiming.plan())
        print(verdict("claim-p99-s", worst, at_most=P99_SECONDS))


def _timed(call: Any) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
