"""Accepting a request: every row in one transaction, every message after it."""

import structlog

from .. import events
from ..dispatch import publish_as_written
from ..models import Generation, Prediction, Status, Task
from ..signatures import TaskSignature
from .announce import on_commit, task_changed

log = structlog.get_logger(__name__)


def start_alone(signature: TaskSignature) -> Task:
    """Write a task that belongs to no prediction, and wake a worker on commit."""
    task = signature.row
    publish_as_written([task])
    task.save(force_insert=True)
    task_changed(task, Status.STARTING, task_type=task.task_type)
    return task


def start(generation: Generation, predictions: list[Prediction], signatures: list[TaskSignature]) -> None:
    """Write a generation's tasks, in the transaction of its other rows, and wake workers on commit."""
    rows = [signature.row for signature in signatures]
    on_commit(
        lambda: events.emit(
            generation.id, "status", {"generation": str(generation.id), "status": Status.STARTING}
        )
    )
    publish_as_written(rows)  # after the event, as a worker may be quick to tell the next
    Task.objects.bulk_create(rows)
    log.info(
        "generation_starting", generation=str(generation.id), strategy=generation.strategy,
        predictions=len(predictions), tasks=len(rows),
    )  # fmt: skip
