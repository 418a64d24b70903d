"""Embedded servers for a benchmark that calls Atelier's own code instead of a running stack."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

from api.stack.postgres import embedded_postgres
from api.stack.redis import embedded_redis


@contextmanager
def django_on_servers() -> Iterator[None]:
    """PostgreSQL and Redis of its own, and Django set up for them.

    Settings are read once, so this comes before anything that reads them is imported.
    """
    with (
        tempfile.TemporaryDirectory(prefix="atelier-bench-", ignore_cleanup_errors=True) as home,
        embedded_postgres(Path(home) / "postgres") as database,
        embedded_redis(Path(home) / "redis") as redis,
    ):
        os.environ |= {
            "ATELIER_HOME": home, "DATABASE_URL": database, "REDIS_URL": redis,
            "DJANGO_SETTINGS_MODULE": "api.settings", "LOG_LEVEL": "ERROR",
        }  # fmt: skip
        django.setup()
        yield
