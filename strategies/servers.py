"""The pools as one queue sees them: when each is free, and how much of its time the queue gets."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from . import events
from .forecast import Server, use_model
from .pools import PoolReport
from .rates import Kind, Rates
from .scheduling import goes_before

RUNNING = 256  # tasks: more than pools run at once
TAKEN_LAST = 64  # tasks

PROCESSING = """
SELECT worker, id, queue, workflow, work, extract(epoch FROM now() - started_at)::float8
FROM strategies_task WHERE status = 'processing' LIMIT %s
"""

# What the pools took last from a queue, the newest last.
TAKEN = """
SELECT worker, model, started_at FROM (
    SELECT worker, model, started_at FROM strategies_task
    WHERE queue = %s AND started_at IS NOT NULL ORDER BY started_at DESC LIMIT %s
) AS latest ORDER BY started_at
"""

WITH_WORK = """
SELECT queue FROM unnest(%s::text[]) AS served(queue) WHERE EXISTS (
    SELECT FROM strategies_task AS task
    WHERE status = 'starting' AND ready AND task.queue = served.queue AND due_at <= now()
)
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A task that a pool holds."""

    pool: str
    task: UUID
    kind: Kind
    work: float
    elapsed: float  # seconds

    def left(self, rates: Rates, fraction: float | None) -> float:
        """Seconds until it is done, by what it takes and how far it is."""
        seconds = rates.seconds(self.kind, self.work)
        if seconds is None:
            return self.elapsed * (1 - fraction) / fraction if fraction else 0.0
        return max(0.0, seconds - self.elapsed if fraction is None else seconds * (1 - fraction))


def running_tasks() -> list[Running]:
    """What is being worked on, on any pool."""
    return [
        Running(pool, task, (queue, workflow), work, elapsed)
        for pool, task, queue, workflow, work, elapsed in _rows(PROCESSING, RUNNING)
    ]


def servers_of(
    queue: str, pools: Sequence[PoolReport], running: Sequence[Running], rates: Rates
) -> list[Server]:
    """Those of the pools that serve the queue; `rates` knows the kinds of what runs.

    A pool takes turns between its queues that have work, but for those that give way (strategies.scheduling).
    """
    serving = [pool for pool in pools if queue in pool.queues]
    held_there = [task for task in running if any(task.pool == pool.name for pool in serving)]
    progress = events.progress_of([task.task for task in held_there])
    left = {pool.name: 0.0 for pool in serving}
    for task in held_there:
        left[task.pool] += task.left(rates, progress.get(task.task))
    with_work = _with_work(sorted({each for pool in serving for each in pool.queues}))
    taken = _rows(TAKEN, queue, TAKEN_LAST)
    return [
        Server(
            free_in=left[pool.name],
            share=1 / len(_sharing(queue, pool, with_work)),
            resident=_resident(pool, taken),
            room=_room(pool),
        )
        for pool in serving
    ]


def _sharing(queue: str, pool: PoolReport, with_work: set[str]) -> set[str]:
    """The queues that take turns on a pool while this one has work."""
    served = set(pool.queues)
    return {queue} | {each for each in served & with_work if queue not in goes_before(each, served)}


def _resident(pool: PoolReport, taken: Sequence[tuple[str, str, datetime]]) -> list[str]:
    """The models that a pool has now, the one that leaves first first: those of its report, which may be some
    seconds old, and those of what it took since it started."""
    since = datetime.fromisoformat(pool.started_at)
    models = OrderedDict.fromkeys(pool.resident)
    for worker, model, started_at in taken:
        if worker == pool.name and started_at >= since:
            use_model(model, models, _room(pool))
    return list(models)


def _room(pool: PoolReport) -> int:
    """How many models like those it has loaded fit a pool's memory; without any, one."""
    models, held, budget = len(pool.resident), pool.memory.get("model_bytes"), pool.memory.get("budget_bytes")
    return max(1, models, int(budget / held * models) if models and held and budget else 0)


def _with_work(queues: list[str]) -> set[str]:
    return {queue for (queue,) in _rows(WITH_WORK, queues)}


def _rows(query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()
