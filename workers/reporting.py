"""What this process says of itself every few seconds, and how it follows what operators tell its pool."""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import redis
import structlog
from django.db import connection

from strategies import fleet, pools
from strategies.models import PoolHold
from strategies.pools import Condition, PoolReport

from . import identity, scheduling
from .generators import started_generators

log = structlog.get_logger(__name__)
LOOKS_BEFORE_DRAINED = 2  # that find no task: one that was being claimed at the first is seen at the second


class Reporter:
    """The heartbeat of this process's pool, in a thread of its own."""

    def __init__(self) -> None:
        self.condition = Condition.STARTING
        self._reason = ""
        self._unfit_since: str | None = None
        self._started = _now()
        self._quiet_looks = 0
        self._news = threading.Event()

    def start(self) -> None:
        """What takes a device that its predecessor could not take stays unfit until it has it."""
        try:
            before = pools.last_report(identity.NODE)
        except redis.RedisError:
            before = None
        if before and before.condition is Condition.UNFIT:
            self.condition = Condition.UNFIT
            self._reason, self._unfit_since = before.reason, before.unfit_since
        threading.Thread(target=self._report_for_ever, name="pool-report", daemon=True).start()

    def ready(self) -> None:
        self._become(Condition.READY)
        log.info("pool_ready", pool=identity.NODE, device=identity.DEVICE, queues=list(identity.QUEUES))

    def drained(self) -> None:
        self._become(Condition.DRAINED)
        log.info("pool_drained", pool=identity.NODE, device=identity.DEVICE)

    def unfit(self, reason: str) -> float:
        """Returns for how many seconds it has been, in all processes together."""
        self._reason, self._unfit_since = reason, self._unfit_since or _now()
        self._become(Condition.UNFIT)
        self._say()
        return (datetime.now(UTC) - datetime.fromisoformat(self._unfit_since)).total_seconds()

    def _become(self, condition: Condition) -> None:
        self.condition = condition
        if condition is not Condition.UNFIT:
            self._reason, self._unfit_since = "", None
        self._news.set()

    def _report_for_ever(self) -> None:
        while True:
            self._say()
            self._obey()
            self._news.wait(pools.REPORT_SECONDS)
            self._news.clear()

    def _say(self) -> None:
        try:
            pools.report(self._report())
        except Exception as error:  # a report that fails must not be the last one
            log.warning("pool_report_failed", error=f"{type(error).__name__}: {error}")

    def _report(self) -> PoolReport:
        health = [generator.health() for generator in started_generators()]
        return PoolReport(
            name=identity.NODE,
            device=identity.DEVICE,
            queues=list(identity.QUEUES),
            heartbeat_at=_now(),
            started_at=self._started,
            condition=self.condition,
            reason=self._reason,
            unfit_since=self._unfit_since,
            memory={key: value for one in health for key, value in one["memory"].items()},
            resident=[name for one in health for name in one["resident"]],
            capacity=scheduling.capacity(),
            concurrency=identity.CONCURRENCY,
            load_seconds=scheduling.load_seconds(),
        )

    def _obey(self) -> None:
        """Drain when told to, and come back."""
        try:
            drains = PoolHold.exists_for(identity.NODE, kind=PoolHold.Kind.DRAIN)
            quiet = drains and not fleet.in_flight(identity.NODE)
        except Exception as error:  # while the database is away everything stays as it is
            log.warning("pool_orders_unknown", error=f"{type(error).__name__}: {error}")
            return
        finally:
            connection.close()
        self._quiet_looks = self._quiet_looks + 1 if quiet else 0
        if self.condition is Condition.READY and self._quiet_looks >= LOOKS_BEFORE_DRAINED:
            _begin_anew_or(self.drained)
        elif self.condition is Condition.DRAINED and not drains:
            _begin_anew_or(self.ready)


def end() -> None:
    """Leave this process at once; Celery's parent replaces it, and the rows already say what to do next."""
    connection.close()
    os._exit(70)


def _begin_anew_or(change: Callable[[], None]) -> None:
    """A device is let go, and taken again, by a process that ends: the next one begins as it is told."""
    if identity.DRAWS:
        end()
    change()


def _now() -> str:
    return datetime.now(UTC).isoformat()
