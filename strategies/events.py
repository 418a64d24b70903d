"""A generation's events: a Redis stream each, replayable, followed by a publish that wakes the listeners.

The rows are the truth; events only save clients from polling. A Redis that is down costs events, never state.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger(__name__)
REPLAY_LENGTH = 1024  # what cog keeps


def stream_key(generation: UUID | str) -> str:
    """The stream of a generation, and the name of the channel that announces its growth."""
    return f"atelier:events:{generation}"


@cache
def connection() -> redis.Redis:
    """This process's Redis client (a pool of connections; threads share it)."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=5,
        socket_connect_timeout=2,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),  # the client's default holds a request up for five seconds
    )


def is_over(generation: UUID | str) -> bool:
    """Whether `completed` was told already: nothing may follow it."""
    try:
        return bool(connection().exists(stream_key(generation) + ":over"))
    except redis.RedisError:
        return False


def note_progress(task: UUID, fraction: float) -> None:
    """How far a running task is, 0 to 1; forgotten with its events."""
    try:
        connection().set(_progress_key(task), fraction, ex=settings.EVENT_STREAM_SECONDS)
    except redis.RedisError as error:
        log.warning("progress_lost", task=str(task), error=str(error))


def progress_of(tasks: Sequence[UUID]) -> dict[UUID, float]:
    """Task → fraction, of those that said something; nothing while Redis is away."""
    return {task: fraction for task, (fraction, _) in progress_noted(tasks).items()}


def progress_noted(tasks: Sequence[UUID]) -> dict[UUID, tuple[float, float]]:
    """Task → fraction, and how many seconds ago that was, by Redis's own clock."""
    pipe = connection().pipeline(transaction=False)
    for task in tasks:
        pipe.get(_progress_key(task)).pttl(_progress_key(task))
    try:
        found = pipe.execute() if tasks else []
    except redis.RedisError:
        return {}
    each = zip(tasks, found[::2], found[1::2], strict=True)
    kept = settings.EVENT_STREAM_SECONDS
    return {task: (float(said), kept - left / 1000) for task, said, left in each if said is not None}


def _progress_key(task: UUID) -> str:
    return f"atelier:progress:{task}"


@dataclass(frozen=True, slots=True)
class Event:
    """Of a generation: `status`, `progress`, `preview`, `output` or `completed`."""

    generation: UUID | str
    name: str
    data: dict[str, Any]


def emit(generation: UUID | str, event: str, data: dict[str, Any]) -> None:
    """Append one event and announce it."""
    emit_all([Event(generation, event, data)])


def emit_all(events: Sequence[Event]) -> None:
    """Append events in their order, and announce each: one trip to Redis."""
    try:
        pipeline = connection().pipeline(transaction=False)
        for event in events:
            _append(pipeline, event)
        pipeline.execute()
    except redis.RedisError as error:
        for event in events:
            log.warning(
                "event_lost", generation=str(event.generation), event_type=event.name, error=str(error)
            )


def _append(pipeline: redis.client.Pipeline, event: Event) -> None:
    key, data = stream_key(event.generation), json.dumps(event.data)
    pipeline.xadd(key, {"event": event.name, "data": data}, maxlen=REPLAY_LENGTH, approximate=True)
    pipeline.expire(key, settings.EVENT_STREAM_SECONDS)
    if event.name == "completed":
        pipeline.set(f"{key}:over", 1, ex=settings.EVENT_STREAM_SECONDS)
    pipeline.publish(key, event.name)
