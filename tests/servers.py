"""A pytest plugin (`-p tests.servers`): real servers for every test, up before Django reads its settings.

One embedded PostgreSQL and one Redis per process, in a folder that goes with it. pytest-xdist's first process
runs no test, but has them too: when root starts it, the others find PostgreSQL's user made.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from api.stack.postgres import embedded_postgres
from api.stack.redis import embedded_redis

SERVERS = ExitStack()
# A test database need not survive a power cut; everything else is as it is in production.
FAST_POSTGRES = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def _start() -> None:
    home = Path(
        SERVERS.enter_context(tempfile.TemporaryDirectory(prefix="atelier-test-", ignore_cleanup_errors=True))
    )
    os.environ["ATELIER_HOME"] = str(home)
    # A user's runs of pytest share a folder, and each that starts closes it to others, PostgreSQL's user too.
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(home)
    os.environ["DATABASE_URL"] = SERVERS.enter_context(embedded_postgres(home / "postgres", FAST_POSTGRES))
    os.environ["REDIS_URL"] = SERVERS.enter_context(embedded_redis(home / "redis"))
    for name in ("BROKER_URL", "ATELIER_PORT", "ATELIER_FLOWER_PORT"):
        os.environ.pop(name, None)


def pytest_unconfigure() -> None:
    SERVERS.close()


_start()
