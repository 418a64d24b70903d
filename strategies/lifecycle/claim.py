"""A worker's time-limited, token-fenced right to a task."""

import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone

from ..models import PoolHold, Status, Task
from ..policy import ANY_SIZE, POLICY, Policy
from ..rows import rows
from ..scheduling import PATIENCE, goes_before
from ..webhooks.outbox import ANYBODY
from .announce import note_heard, status_changed, task_changed
from .window import STARTABLE, WAITS, best_first

TRIES = 5  # of the look that precedes a claim, when others were quicker each time
CANDIDATES = 64  # of those found: enough for as many workers at once

# As an array, so that the choice is made once: within a join PostgreSQL may make it again for every row, and
# take more than there are places.
# The commit of a claim waits for no disk (decision 16): one that a crash of the database undoes leaves its
# task waiting, and who believes to hold it writes nothing more, as nobody knows its token.
TAKE = """
UPDATE strategies_task SET
    status = 'processing', attempt = attempt + 1, worker = %(worker)s, device = %(device)s,
    lease_token = %(token)s, lease_expires_at = now() + %(lease)s, started_at = coalesce(started_at, now())
WHERE id = ANY(ARRAY({chosen})) RETURNING *, set_config('synchronous_commit', 'off', true)
"""

# What could start in the queues that go before a background one.
GOES_BEFORE = """
    SELECT FROM strategies_task AS first
    WHERE first.status = 'starting' AND first.ready AND first.queue = ANY(%(before)s::text[])
      AND (first.not_before IS NULL OR first.not_before <= now())
      AND (first.deadline IS NULL OR first.deadline > now() OR first.started_at IS NOT NULL)
      AND first.model_parameters <= %(capacity)s
"""

# The best candidate that is still there and that nobody else is taking in this moment.
# A pool that is held takes nothing.
BEST = f"""
    SELECT strategies_task.id
    FROM unnest(%(candidates)s::uuid[]) WITH ORDINALITY AS candidate(id, place)
    JOIN strategies_task ON strategies_task.id = candidate.id
    WHERE {WAITS} AND {STARTABLE}
      AND NOT EXISTS (SELECT FROM strategies_poolhold WHERE pool = %(worker)s) {{unless}}
    ORDER BY place LIMIT 1 FOR UPDATE OF strategies_task SKIP LOCKED
"""
TAKE_BEST = TAKE.format(chosen=BEST.format(unless=""))
# One of a background queue gives way, for as long as its patience lasts, to whatever could start in the
# queues that go before.
GIVES_WAY = f"AND (greatest(due_at, gave_way_at) < now() - %(patience)s OR NOT EXISTS ({GOES_BEFORE}))"
TAKE_BEST_UNLESS_OTHERS_WAIT = TAKE.format(chosen=BEST.format(unless=GIVES_WAY))

# Those that run beside it in one call, whoever owns them.
TAKE_BESIDE = TAKE.format(
    chosen=f"""
    SELECT id FROM strategies_task
    WHERE {WAITS} AND batch_key = %(batch_key)s AND batch_key <> '' AND {STARTABLE}
    ORDER BY priority DESC, due_at, id LIMIT %(places)s FOR UPDATE SKIP LOCKED
"""
)

# The first task of a prediction begins it; the first prediction begins the generation.
# The last column saves another trip for asking.
BEGIN = f"""
WITH prediction AS (
    UPDATE strategies_prediction SET status = 'processing', started_at = %(at)s
    WHERE id = %(prediction)s AND status = 'starting' RETURNING id
), generation AS (
    UPDATE strategies_generation SET status = 'processing', started_at = %(at)s
    WHERE id = %(generation)s AND status = 'starting' RETURNING id
)
SELECT EXISTS (SELECT FROM prediction), EXISTS (SELECT FROM generation), EXISTS ({ANYBODY})
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker holds: the task as it was claimed, and the token that fences its writes."""

    task: Task
    token: UUID
    since: float = field(default_factory=time.monotonic)


def claim(**terms: Any) -> Claim | None:
    """One task alone; see `claim_batch`."""
    return next(iter(claim_batch(**terms)), None)


def claim_batch(
    *,
    queue: str,
    worker: str,
    device: str,
    lease_seconds: float,
    served: Sequence[str] = (),
    resident: Container[str] = (),
    room: Callable[[Task], int] = lambda task: 1,
    policy: Policy = POLICY,
) -> list[Claim]:
    """Move the best waiting task of `queue`, and those that run beside it, to `processing` under a lease.

    `served` are all queues of the claiming pool, `resident` the models it has loaded; `room` says how many
    tasks like this one it runs in one call. Empty when the pool is held, when nothing waits, or when what
    waits gives way to the tasks of another queue; the reaper publishes it again.
    """
    terms = {
        "queue": queue, "worker": worker, "device": device, "token": uuid4(),
        "lease": timedelta(seconds=lease_seconds), "capacity": policy.capacity,
    }  # fmt: skip
    with transaction.atomic():
        first = _take_best(terms, resident, policy, goes_before(queue, served))
        if first is None:
            return []
        places = min(room(first), policy.reserve) - 1
        beside = _take(TAKE_BESIDE, terms, batch_key=first.batch_key, places=places) if places > 0 else []
        claims = [Claim(task, terms["token"]) for task in (first, *beside)]
        for task in sorted((held.task for held in claims), key=_lock_order):
            task_changed(task, "processing", worker=worker, device=device)
            _begin(task)
    return claims


def waits_for_others(queue: str, worker: str, capacity: int) -> bool:
    """Whether something waits in a queue that this worker must leave to others: everything while its pool is
    held, and otherwise what needs larger models than it can load."""
    waiting = Task.objects.filter(status=Status.STARTING, ready=True, queue=queue)
    if not PoolHold.exists_for(worker):
        waiting = waiting.filter(model_parameters__gt=capacity)
    return waiting.exists()


def is_in_the_way(worker: str, before: list[str], capacity: int = ANY_SIZE) -> bool:
    """Whether something waits in these queues that this worker could take and no free one is about to.

    `capacity`: as the policy's.
    """
    if not before or PoolHold.exists_for(worker):
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS ({GOES_BEFORE} AND first.due_at < now() - interval '1 second')",
            {"before": before, "capacity": capacity},
        )
        return cursor.fetchone()[0]


def _take_best(
    terms: dict[str, Any], resident: Container[str], policy: Policy, before: list[str]
) -> Task | None:
    take = TAKE_BEST_UNLESS_OTHERS_WAIT if before else TAKE_BEST
    for _ in range(TRIES):
        found = best_first(terms["queue"], resident, policy)[:CANDIDATES]
        if not found:
            return None
        ids = [candidate.id for candidate in found]
        for taken in _take(take, terms, candidates=ids, patience=PATIENCE, before=before):
            return taken
        # They give way, or the pool may take nothing: to look again would change nothing.
        if before or PoolHold.exists_for(terms["worker"]):
            return None
    return None


def _take(statement: str, terms: dict[str, Any], **more: Any) -> list[Task]:
    """The rows as they were claimed, the oldest first."""
    taken = Task.objects.raw(statement, {**terms, **more})
    return sorted(taken, key=lambda task: (task.due_at, task.id))


def _lock_order(task: Task) -> tuple[str, str]:
    """The same for every claim, as two batches may have tasks of the same generations."""
    return str(task.generation_id), str(task.id)


def _begin(task: Task) -> None:
    if task.generation_id is None or task.prediction_id is None:
        return
    begun = {"prediction": task.prediction_id, "generation": task.generation_id, "at": task.started_at}
    ((prediction, generation, heard),) = rows(BEGIN, begun)
    note_heard(task.generation_id, heard)
    if prediction:
        status_changed(task.generation_id, Status.PROCESSING, task.prediction_id, request_id=task.request_id)
    if generation:
        status_changed(task.generation_id, Status.PROCESSING, request_id=task.request_id)


def renew(held: Claim, *, lease_seconds: float) -> bool:
    """Extend the lease. False: the task was canceled, or the lease is lost; stop and write nothing."""
    return bool(
        Task.objects.filter(id=held.task.id, lease_token=held.token).update(
            lease_expires_at=timezone.now() + timedelta(seconds=lease_seconds)
        )
    )
