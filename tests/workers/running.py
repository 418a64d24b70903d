"""Real pools, as the supervisor runs them, on the tests' database and broker."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from strategies.fleet import PoolState, State, pool_states
from tests.stack import PATIENCE, waited
from workers.pools import Pool


@contextmanager
def running(pool: Pool, home: Path, **more: str) -> Iterator[subprocess.Popen]:
    """The pool's process, stopped in order at the end."""
    database = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
    environment = {
        **os.environ, **pool.environment(), "ATELIER_HOME": str(home), "DATABASE_URL": database,
        "SECRET_KEY": settings.SECRET_KEY, **more,
    }  # fmt: skip
    process = subprocess.Popen(pool.command(), env=environment, cwd=settings.BASE_DIR)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(40)


def state_of(pool: Pool) -> PoolState | None:
    return next((state for state in pool_states() if state.name == pool.node), None)


def becomes(pool: Pool, state: State, seconds: float = PATIENCE) -> PoolState:
    """What is known of a pool as soon as it is in this state."""

    def seen() -> PoolState | None:
        found = state_of(pool)
        return found if found and found.state is state else None

    return waited(seen, seconds)
