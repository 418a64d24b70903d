"""A worker's time-limited, token-fenced right to a task."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone

from ..models import Generation, Prediction, Status, Task
from ..scheduling import PATIENCE, goes_before
from .announce import status_changed, task_changed

# The best waiting task of a queue, and only for the one transaction that gets it. Urgent first, then the one
# that has waited longest: the order of the index `task_waiting`. One of a background queue gives way, for as
# long as its patience lasts, to whatever could start in the queues that go before.
CLAIM = """
UPDATE strategies_task SET
    status = 'processing', attempt = attempt + 1, worker = %(worker)s, device = %(device)s,
    lease_token = %(token)s, lease_expires_at = now() + %(lease)s, started_at = coalesce(started_at, now())
WHERE id = (
    SELECT id FROM strategies_task
    WHERE status = 'starting' AND ready AND queue = %(queue)s
      AND (not_before IS NULL OR not_before <= now())
      AND (deadline IS NULL OR deadline > now() OR started_at IS NOT NULL)
      AND (greatest(created_at, not_before) < now() - %(patience)s OR NOT EXISTS (
          SELECT 1 FROM strategies_task AS first
          WHERE first.status = 'starting' AND first.ready AND first.queue = ANY(%(before)s::text[])
            AND (first.not_before IS NULL OR first.not_before <= now())
            AND (first.deadline IS NULL OR first.deadline > now() OR first.started_at IS NOT NULL)
      ))
    ORDER BY priority DESC, created_at, id
    LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker holds: the task as it was claimed, and the token that fences its writes."""

    task: Task
    token: UUID


def claim(
    *, queue: str, worker: str, device: str, lease_seconds: float, served: Sequence[str] = ()
) -> Claim | None:
    """Move the best waiting task of `queue` to `processing` under a fresh lease.

    `served` are all queues of the claiming pool. None when nothing waits, or when what waits gives way to the
    tasks of another of them; the reaper publishes it again.
    """
    token = uuid4()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                CLAIM,
                {
                    "worker": worker, "device": device, "token": token, "queue": queue,
                    "lease": timedelta(seconds=lease_seconds), "patience": PATIENCE,
                    "before": goes_before(queue, served),
                },
            )  # fmt: skip
            row = cursor.fetchone()
        if row is None:
            return None
        task = Task.objects.select_related("generation", "prediction").get(id=row[0])
        task_changed(task, "processing", worker=worker, device=device)
        _begin(task)
    return Claim(task, token)


def _begin(task: Task) -> None:
    """The first task of a prediction begins it; the first prediction begins the generation."""
    if task.generation_id is None or task.prediction_id is None:
        return
    started = {"status": Status.PROCESSING, "started_at": task.started_at}
    waiting, request = {"status": Status.STARTING}, {"request_id": task.request_id}
    if Prediction.objects.filter(id=task.prediction_id, **waiting).update(**started):
        status_changed(task.generation_id, Status.PROCESSING, task.prediction_id, **request)
    if Generation.objects.filter(id=task.generation_id, **waiting).update(**started):
        status_changed(task.generation_id, Status.PROCESSING, **request)


def renew(held: Claim, *, lease_seconds: float) -> bool:
    """Extend the lease. False: the task was canceled, or the lease is lost; stop and write nothing."""
    return bool(
        Task.objects.filter(id=held.task.id, lease_token=held.token).update(
            lease_expires_at=timezone.now() + timedelta(seconds=lease_seconds)
        )
    )
