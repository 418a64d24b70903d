"""A database that restarts in the middle of a task must not cost its result."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connection

log = structlog.get_logger(__name__)
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0)  # seconds between tries
Result = TypeVar("Result")


def patiently(write: Callable[[], Result]) -> Result:
    """Try a write again while the database is away; it must be safe to run twice (fenced writes are).

    Raises: django.db.OperationalError once patience runs out.
    """
    for pause in PAUSES:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            log.warning("database_away", error=str(error).strip(), pause=pause)
            connection.close()
            time.sleep(pause)
            close_old_connections()
    return write()
