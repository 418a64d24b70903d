"""What nobody else will do: expired leases, passed deadlines, messages that never went out or were lost."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from ..dispatch import messages_in, publish, publish_on_commit
from ..models import Status, Task
from .announce import task_changed
from .finish import NO_LEASE, end_chain

BATCH = 200  # rows a pass handles of each kind, so that no pass holds locks for long
WORKER_LOST = "worker_lost"


@dataclass(frozen=True, slots=True)
class Reaped:
    """What one pass did."""

    returned: int = 0
    lost: int = 0
    aborted: int = 0
    published: int = 0


def reap(*, republish_seconds: float) -> Reaped:
    """One pass; any number of reapers may run at once."""
    returned, lost = _expired_leases()
    return Reaped(returned, lost, _passed_deadlines(), _unheard(republish_seconds))


def _locked(condition: Q) -> list[Task]:
    """Up to a batch of tasks that meet the condition, locked one generation after the other, so that reapers
    settle generations in the same order; what others hold is skipped."""
    rows = Task.objects.filter(condition).order_by("generation_id", "step", "id")
    rows = rows.select_for_update(skip_locked=True, of=("self",))
    return list(rows[:BATCH])


def _expired_leases() -> tuple[int, int]:
    """Tasks of workers that died: back to the queue while attempts remain, else dead letters."""
    with transaction.atomic():
        expired = _locked(Q(status=Status.PROCESSING, lease_expires_at__lt=timezone.now()))
        again = [task for task in expired if task.attempt < task.max_attempts]
        Task.objects.filter(id__in=[task.id for task in again]).update(
            status=Status.STARTING, published_at=None, error_code=WORKER_LOST,
            error_detail="The worker stopped answering; the task goes to another.", **NO_LEASE,
        )  # fmt: skip
        publish_on_commit(again)
        for task in again:
            task_changed(task, "returned", worker=task.worker)
        spent = [task for task in expired if task.attempt >= task.max_attempts]
        for task in spent:
            detail = f"{task.attempt} workers stopped answering while they ran this task."
            _end(task, Status.FAILED, WORKER_LOST, detail)
    return len(again), len(spent)


def _passed_deadlines() -> int:
    """What did not start in time never starts."""
    with transaction.atomic():
        late = _locked(Q(status=Status.STARTING, step=0, started_at=None, deadline__lte=timezone.now()))
        for task in late:
            _end(task, Status.ABORTED, "deadline_passed", "Its deadline passed before a worker was free.")
    return len(late)


def _end(task: Task, status: Status, code: str, detail: str) -> None:
    errors = {"error_code": code, "error_detail": detail}
    Task.objects.filter(id=task.id).update(status=status, completed_at=timezone.now(), **errors, **NO_LEASE)
    task_changed(task, status, code=code)
    end_chain(task, status, **errors)


def _unheard(republish_seconds: float) -> int:
    """Publish what never was, and again what has waited long for somebody to hear: messages do get lost.

    A message wakes a worker for the best task of its queue, not for its own, so it is enough that there are
    some: no more are added to a queue that holds a batch of them.
    """
    now = timezone.now()
    due = Q(status=Status.STARTING, ready=True) & (Q(not_before=None) | Q(not_before__lte=now))
    silent = Q(published_at=None, created_at__lt=now - timedelta(seconds=1)) | Q(
        published_at__lt=now - timedelta(seconds=republish_seconds)
    )
    waiting = Task.objects.filter(due & silent).order_by(F("published_at").asc(nulls_first=True))
    room = {
        queue: BATCH - messages_in(queue)
        for queue in waiting.order_by().values_list("queue", flat=True).distinct()
    }
    return sum(publish(list(waiting.filter(queue=queue)[: max(0, free)])) for queue, free in room.items())
