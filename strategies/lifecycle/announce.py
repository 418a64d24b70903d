"""What the world hears of a state change, after it is durable."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from .. import events
from ..models import Task

log = structlog.get_logger("strategies.lifecycle")


def on_commit(action: Callable[[], Any]) -> None:
    """Run `action` after the commit; its failure cannot undo or hide what was committed."""
    transaction.on_commit(action, robust=True)


def status_changed(generation: UUID, status: str, prediction: UUID | None = None, **details: Any) -> None:
    """One log line and one `status` event for a generation or one of its predictions."""
    data: dict[str, Any] = {"generation": str(generation), "status": status}
    if prediction:
        data["prediction"] = str(prediction)
    on_commit(partial(events.emit, generation, "status", data))
    noun = "prediction" if prediction else "generation"
    on_commit(partial(log.info, f"{noun}_{status}", **{**data, **details}))


def output_stored(generation: UUID, prediction: UUID) -> None:
    """An `output` event: the prediction's outputs can be fetched."""
    on_commit(partial(events.emit, generation, "output", {"prediction": str(prediction)}))


def completed(generation: UUID, status: str) -> None:
    """The last event of a generation's stream."""
    on_commit(
        partial(events.emit, generation, "completed", {"generation": str(generation), "status": status})
    )


def task_changed(task: Task, status: str, **details: Any) -> None:
    """One log line for a task, under the id of the request that brought it."""
    data = {"task": str(task.id), "request_id": task.request_id, "attempt": task.attempt, **details}
    on_commit(partial(log.info, f"task_{status}", **data))
