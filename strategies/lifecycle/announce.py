"""What the world hears of a state change: its log line, its event and its webhook messages, in one call.

Webhook messages are rows of the same transaction; the rest leaves when it is durable.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction

from .. import events
from ..events import Event
from ..models import Status, Task
from ..webhooks import outbox
from ..webhooks.events import event_of

log = structlog.get_logger("strategies.lifecycle")


class _News:
    """What happened in one transaction, told in one go after its commit."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.lines: list[Callable[[], None]] = []
        self.heard: dict[UUID, bool] = {}

    def is_heard(self, generation: UUID) -> bool:
        """Whether anybody wants webhook messages of this generation; asked once."""
        if generation not in self.heard:
            self.heard[generation] = outbox.anybody_listens(generation)
        return self.heard[generation]

    def tell(self) -> None:
        if self.events:
            events.emit_all(self.events)
        for line in self.lines:
            line()


def note_heard(generation: UUID, heard: bool) -> None:
    """What this transaction has already asked: whether anybody wants webhook messages of it."""
    _news().heard[generation] = heard


def status_changed(generation: UUID, status: str, prediction: UUID | None = None, **details: Any) -> None:
    """The new status, just written, of a generation or one of its predictions."""
    news = _news()
    data: dict[str, Any] = {"generation": str(generation), "status": status}
    if prediction:
        data["prediction"] = str(prediction)
    news.events.append(Event(generation, "status", data))
    noun = "prediction" if prediction else "generation"
    if (event := event_of(noun, status)) and news.is_heard(generation):
        outbox.tell(event, generation, prediction)
    news.lines.append(partial(log.info, f"{noun}_{status}", **{**data, **details}))


def output_stored(generation: UUID, prediction: UUID) -> None:
    """The prediction's outputs can be fetched."""
    news = _news()
    if news.is_heard(generation):
        outbox.tell("prediction.output", generation, prediction)
    news.events.append(Event(generation, "output", {"prediction": str(prediction)}))


def accepted(generation: UUID) -> None:
    """The first event of a generation's stream."""
    data = {"generation": str(generation), "status": Status.STARTING}
    _news().events.append(Event(generation, "status", data))


def completed(generation: UUID, status: str) -> None:
    """The last event of a generation's stream."""
    data = {"generation": str(generation), "status": status}
    _news().events.append(Event(generation, "completed", data))


def task_changed(task: Task, status: str, **details: Any) -> None:
    """One log line for a task, under the id of the request that brought it."""
    data = {"task": str(task.id), "request_id": task.request_id, "attempt": task.attempt, **details}
    _news().lines.append(partial(log.info, f"task_{status}", **data))


def _news() -> _News:
    """Of the present transaction, or of the part of it that would be rolled back alone."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A state change is told in its transaction.")
    savepoints = set(connection.savepoint_ids)
    for part, hook, _ in reversed(connection.run_on_commit):
        if part == savepoints and isinstance(found := getattr(hook, "__self__", None), _News):
            return found
    news = _News()
    transaction.on_commit(news.tell, robust=True)  # its failure cannot undo or hide what was committed
    return news
