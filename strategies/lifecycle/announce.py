"""What the world hears of a state change: its log line, its event and its webhook messages, in one call.

Webhook messages are rows of the same transaction; the rest leaves when it is durable.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from .. import events
from ..models import Task
from ..webhooks import outbox
from ..webhooks.events import event_of

log = structlog.get_logger("strategies.lifecycle")


def on_commit(action: Callable[[], Any]) -> None:
    """Run `action` after the commit; its failure cannot undo or hide what was committed."""
    transaction.on_commit(action, robust=True)


def status_changed(generation: UUID, status: str, prediction: UUID | None = None, **details: Any) -> None:
    """The new status, just written, of a generation or one of its predictions."""
    data: dict[str, Any] = {"generation": str(generation), "status": status}
    if prediction:
        data["prediction"] = str(prediction)
    on_commit(partial(events.emit, generation, "status", data))
    noun = "prediction" if prediction else "generation"
    if event := event_of(noun, status):
        outbox.tell(event, generation, prediction)
    on_commit(partial(log.info, f"{noun}_{status}", **{**data, **details}))


def output_stored(generation: UUID, prediction: UUID) -> None:
    """The prediction's outputs can be fetched."""
    outbox.tell("prediction.output", generation, prediction)
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
