"""Keeps a claim alive while its task runs, learns from it that the task was canceled, and ends it in time."""

import threading
import time
from types import TracebackType

import structlog
from django.db import Error, connection

from strategies import lifecycle
from strategies.lifecycle import Failure

log = structlog.get_logger(__name__)
BEATS_PER_LEASE = 4
SLOWEST_BEAT = 1.0  # seconds: how long a cancel may go unheard


class Heartbeat:
    """A context manager around a running task; `lost()` says that the work is no longer wanted."""

    def __init__(self, claim: lifecycle.Claim, lease_seconds: float, limit_seconds: float) -> None:
        self._claim = claim
        self._lease = lease_seconds
        self._limit = limit_seconds
        self._end = time.monotonic() + limit_seconds
        self._renewed = time.monotonic()
        self._lost = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def lost(self) -> bool:
        """Whether the task was canceled, took too long, or was given to somebody else."""
        return self._lost.is_set()

    def _beat(self) -> None:
        pause = min(SLOWEST_BEAT, self._lease / BEATS_PER_LEASE)
        while not self._stop.wait(pause):
            if not self._goes_on():
                self._lost.set()
                break

    def _goes_on(self) -> bool:
        """A database that is away costs nothing until the lease runs out; then another may have the task."""
        try:
            if time.monotonic() > self._end:
                lifecycle.fail(self._claim, self._too_long())
                return False
            held = lifecycle.renew(self._claim, lease_seconds=self._lease)
        except Error as error:
            log.warning("heartbeat_missed", error=str(error))
            return time.monotonic() - self._renewed < self._lease
        finally:
            connection.close()  # one for each running task would be many
        self._renewed = time.monotonic()
        return held

    def _too_long(self) -> Failure:
        detail = f"The task ran longer than {self._limit:g} s; ask for less."
        return Failure("time_limit", detail, retryable=False)
