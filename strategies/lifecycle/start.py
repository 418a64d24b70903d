"""Accepting a request: every row in one transaction, every message after it."""

import structlog

from .. import events
from ..dispatch import publish_on_commit
from ..models import Generation, Prediction, Status, Task
from ..signatures import TaskSignature
from .announce import on_commit

log = structlog.get_logger(__name__)


def start(generation: Generation, predictions: list[Prediction], signatures: list[TaskSignature]) -> None:
    """Write a generation's tasks, in the transaction of its other rows, and wake workers on commit."""
    rows = [signature.row for signature in signatures]
    Task.objects.bulk_create(rows)
    on_commit(
        lambda: events.emit(
            generation.id, "status", {"generation": str(generation.id), "status": Status.STARTING}
        )
    )
    publish_on_commit(rows)
    log.info(
        "generation_starting", generation=str(generation.id), strategy=generation.strategy,
        predictions=len(predictions), tasks=len(rows),
    )  # fmt: skip
