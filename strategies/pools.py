"""What live pools say of themselves, in Redis under a time to live: a pool that stops talking is gone."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import redis
import structlog

from .events import connection

log = structlog.get_logger(__name__)
PREFIX = "atelier:pool:"
REPORT_SECONDS = 5.0
LIVE_SECONDS = 3 * REPORT_SECONDS


@dataclass(frozen=True, slots=True)
class PoolReport:
    """One pool's heartbeat."""

    name: str  # NAME@HOST, as in Flower
    device: str
    queues: list[str]
    heartbeat_at: str  # RFC 3339
    started_at: str
    memory: dict[str, Any] = field(default_factory=dict)  # bytes
    resident: list[str] = field(default_factory=list)  # models
    in_flight: str | None = None  # task id


def report(pool: PoolReport) -> None:
    """Say that this pool lives. Raises: redis.RedisError."""
    connection().set(PREFIX + pool.name, json.dumps(asdict(pool)), px=int(LIVE_SECONDS * 1000))


def withdraw(name: str) -> None:
    """Say that this pool is gone, at an orderly stop."""
    connection().delete(PREFIX + name)


def live_pools() -> list[PoolReport]:
    """Every pool heard of lately, by name; none while Redis is away."""
    try:
        client = connection()
        keys = sorted(client.scan_iter(match=PREFIX + "*", count=1000))
        return [PoolReport(**json.loads(value)) for value in client.mget(keys) if value] if keys else []
    except redis.RedisError as error:
        log.warning("pools_unknown", error=str(error))
        return []
