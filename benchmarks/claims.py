"""`python -m benchmarks.claims`: what a claim costs as a queue grows, and the plan behind it.

Servers of its own; every waiting task has its generation and prediction, as in production, so each claim
writes three rows, announces them and commits.
"""

import logging
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from api.stack.postgres import embedded_postgres
from api.stack.redis import embedded_redis
from benchmarks.ratio import verdict

SIZES = (1_000, 10_000, 100_000)
SHAPES = {"one owner": 1, "40 owners": 40, "1,000 owners": 1000}
CLAIMS = 300
MODELS = 50
P99_SECONDS = 0.020


def main() -> None:
    with ExitStack() as servers, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["ATELIER_HOME"] = home
        os.environ["DATABASE_URL"] = servers.enter_context(embedded_postgres(Path(home) / "postgres"))
        os.environ["REDIS_URL"] = servers.enter_context(embedded_redis(Path(home) / "redis"))
        os.environ["DJANGO_SETTINGS_MODULE"] = "api.settings"
        import django  # noqa: PLC0415  settings are read once, and the servers come first

        django.setup()
        from benchmarks import claiming  # noqa: PLC0415

        logging.disable(logging.INFO)
        claiming.prepare()
        print("waiting   shape          p50 ms  p99 ms", flush=True)
        worst = []
        for shape, owners in SHAPES.items():
            for size in SIZES:
                claiming.fill(size, owners, MODELS)
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
