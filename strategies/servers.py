"""The pools as one queue sees them: when each is free, and how much of its time the queue gets."""

import heapq
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from . import events
from .forecast import Charge, Server, use_model
from .pools import PoolReport
from .rates import Kind, Rates
from .rows import rows
from .scheduling import goes_before

HELD = 256  # tasks: more than pools run at once
TAKEN_LAST = 64  # tasks

PROCESSING = """
SELECT worker, id, queue, workflow, work, owner_id, model, extract(epoch FROM now() - started_at)::float8
FROM strategies_task WHERE status = 'processing' LIMIT %s
"""

# What the pools took last from a queue, the newest last.
TAKEN = """
SELECT worker, id, model, started_at FROM (
    SELECT worker, id, model, started_at FROM strategies_task
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
class Held:
    """A task that a pool holds."""

    pool: str
    task: UUID
    kind: Kind
    work: float
    owner: Any
    model: str
    elapsed: float  # seconds since it was claimed


Noted = dict[UUID, tuple[float, float]]  # task → how far it is, and how many seconds ago it said so


def held_tasks() -> list[Held]:
    """What is being worked on, on any pool, the oldest first."""
    held = [
        Held(pool, task, (queue, workflow), work, owner, model, elapsed)
        for pool, task, queue, workflow, work, owner, model, elapsed in rows(PROCESSING, [HELD])
    ]
    return sorted(held, key=lambda task: -task.elapsed)


def servers_of(
    queue: str, pools: Sequence[PoolReport], held: Sequence[Held], rates: Rates
) -> tuple[list[Server], list[Charge]]:
    """The processes of those pools that serve the queue, and what owners are charged when they are free;
    `rates` knows the kinds of what is held.

    A pool takes turns between its queues that have work, but for those that give way (strategies.scheduling).
    """
    serving = [pool for pool in pools if queue in pool.queues]
    names = {pool.name for pool in serving}
    noted = events.progress_noted([task.task for task in held if task.pool in names])
    with_work = _with_work(sorted({each for pool in serving for each in pool.queues}))
    taken = rows(TAKEN, [queue, TAKEN_LAST])
    servers: list[Server] = []
    charges: list[Charge] = []
    for pool in serving:
        its = [task for task in held if task.pool == pool.name]
        resident = _resident(pool, taken, besides={task.task for task in its})
        free, due = _until_free(pool, its, noted, rates, resident)
        share = 1 / len(_sharing(queue, pool, with_work))
        servers += [Server(each, share, list(resident), _room(pool), pool.capacity) for each in free]
        charges += due
    return servers, charges


def _until_free(
    pool: PoolReport, held: Sequence[Held], noted: Noted, rates: Rates, resident: OrderedDict[str, None]
) -> tuple[list[float], list[Charge]]:
    """In how many seconds each process of a pool is free, and what is charged then; `resident` becomes what
    the pool has loaded by then. Behind what a process works on it may hold what it claimed a moment ahead."""
    free, charges = [0.0] * pool.concurrency, []
    drawing = sum(task.task in noted and noted[task.task][0] < 1 for task in held)
    in_a_call = max(1, math.ceil(drawing / pool.concurrency))
    for task in held:
        loads = bool(task.model) and task.model not in resident
        use_model(task.model, resident, _room(pool))
        load = (rates.load(task.kind) or pool.load_seconds or 0.0) if loads else 0.0
        fraction, ago = noted.get(task.task, (None, 0.0))
        seconds = rates.seconds(task.kind, task.work)
        if seconds is None:  # as fast as it has been so far
            seconds = task.elapsed / fraction if fraction else task.elapsed
        if fraction is None:
            left = load + seconds - (0.0 if free[0] else task.elapsed)
        else:  # it draws, so all is loaded
            left = seconds * (1 - fraction) - ago / in_a_call
        ends = free[0] + max(0.0, left)
        heapq.heapreplace(free, ends)
        charges.append(Charge(task.owner, load + seconds, ends))
    return free, charges


def _sharing(queue: str, pool: PoolReport, with_work: set[str]) -> set[str]:
    """The queues that take turns on a pool while this one has work."""
    served = set(pool.queues)
    return {queue} | {each for each in served & with_work if queue not in goes_before(each, served)}


def _resident(
    pool: PoolReport, taken: Sequence[tuple[str, UUID, str, datetime]], besides: set[UUID]
) -> OrderedDict[str, None]:
    """The models that a pool had before it took these, the one that leaves first first: those of its report,
    which may be some seconds old, and those of what it took since it started."""
    since = datetime.fromisoformat(pool.started_at)
    models = OrderedDict.fromkeys(pool.resident)
    for worker, task, model, started_at in taken:
        if worker == pool.name and started_at >= since and task not in besides:
            use_model(model, models, _room(pool))
    return models


def _room(pool: PoolReport) -> int:
    """How many models like those it has loaded fit a pool's memory; without any, one."""
    models, held, budget = len(pool.resident), pool.memory.get("model_bytes"), pool.memory.get("budget_bytes")
    return max(1, models, int(budget / held * models) if models and held and budget else 0)


def _with_work(queues: list[str]) -> set[str]:
    return {queue for (queue,) in rows(WITH_WORK, [queues])}
