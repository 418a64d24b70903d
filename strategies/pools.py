"""What live pools say of themselves, in Redis under a time to live: a pool that stops talking is gone."""

import json
import time
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import redis
import structlog

from .events import connection
from .policy import ANY_SIZE

log = structlog.get_logger(__name__)
PREFIX = "atelier:pool:"
NAMES = "atelier:pools"  # those heard of lately, each with the time of its latest report
REPORT_SECONDS = 5.0
LIVE_SECONDS = 3 * REPORT_SECONDS
DAY = 86_400


class Condition(StrEnum):
    """How a pool is, by its own account."""

    STARTING = "starting"  # taking its device, loading what it is to be warm for
    READY = "ready"
    DRAINED = "drained"  # told to drain, and done: nothing runs, its device is free
    UNFIT = "unfit"  # it cannot use its device, and tries again


@dataclass(frozen=True, slots=True)
class PoolReport:
    """One pool's heartbeat."""

    name: str  # NAME@HOST, as in Flower
    device: str
    queues: list[str]
    heartbeat_at: str  # RFC 3339
    started_at: str
    condition: Condition = Condition.READY
    reason: str = ""  # of being unfit
    unfit_since: str | None = None
    memory: dict[str, Any] = field(default_factory=dict)  # bytes
    resident: list[str] = field(default_factory=list)  # models
    capacity: int = ANY_SIZE  # numbers that the models of a task may hold together
    concurrency: int = 1  # tasks at once
    load_seconds: float | None = None  # what loading a model took lately, if any was loaded


def report(pool: PoolReport) -> None:
    """Say that this pool lives. Raises: redis.RedisError."""
    with connection().pipeline() as pipe:
        pipe.set(PREFIX + pool.name, json.dumps(asdict(pool)), px=int(LIVE_SECONDS * 1000))
        pipe.zadd(NAMES, {pool.name: time.time()})
        pipe.zremrangebyscore(NAMES, 0, time.time() - DAY)
        pipe.execute()


def withdraw(name: str) -> None:
    """Say that this pool is gone, at an orderly stop."""
    client = connection()
    client.delete(PREFIX + name)
    client.zrem(NAMES, name)


def live_pools() -> list[PoolReport]:
    """Every pool heard of lately, by name; none while Redis is away."""
    try:
        client = connection()
        names = sorted(name.decode() for name in client.zrange(NAMES, 0, -1))
        found = client.mget([PREFIX + name for name in names]) if names else []
    except redis.RedisError as error:
        log.warning("pools_unknown", error=str(error))
        return []
    return [_parsed(value) for value in found if value]


def last_report(name: str) -> PoolReport | None:
    """What this pool said last, if it was lately. Raises: redis.RedisError."""
    value = connection().get(PREFIX + name)
    return _parsed(value) if value else None


def _parsed(value: bytes) -> PoolReport:
    pool = json.loads(value)
    return PoolReport(**{**pool, "condition": Condition(pool["condition"])})
