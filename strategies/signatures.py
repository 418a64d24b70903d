"""A task row with the Celery signature that wakes a worker for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery.canvas import Signature

from workers.app import app

from .models import Generation, Prediction, Task
from .models.generation import Priority
from .params import TaskParams
from .tasktypes import QUEUES, celery_name


@dataclass(frozen=True, slots=True)
class TaskSignature:
    """`row` is the truth; `celery` names the task by name, so nobody here imports a worker."""

    row: Task
    celery: Signature


def task_signature(
    generation: Generation, prediction: Prediction, params: TaskParams, *, step: int = 0, max_attempts: int
) -> TaskSignature:
    """The unsaved row and the signature of one step of a prediction's chain."""
    task_type = params.task_type
    row = Task(
        owner_id=generation.owner_id,
        generation=generation,
        prediction=prediction,
        step=step,
        ready=step == 0,
        task_type=task_type,
        queue=QUEUES[task_type],
        params=params.model_dump(mode="json"),
        priority=generation.priority,
        not_before=generation.not_before,
        deadline=generation.deadline if step == 0 else None,  # for the start of a chain, not its end
        max_attempts=max_attempts,
        request_id=generation.request_id,
    )
    return TaskSignature(row, wake_up(row))


def lone_signature(
    owner: Any,
    params: TaskParams,
    *,
    priority: Priority,
    not_before: datetime | None,
    deadline: datetime | None,
    max_attempts: int,
    request_id: str,
) -> TaskSignature:
    """The unsaved row and the signature of a task that belongs to no prediction; `owner` is a primary key."""
    row = Task(
        owner_id=owner,
        task_type=params.task_type,
        queue=QUEUES[params.task_type],
        params=params.model_dump(mode="json"),
        priority=priority,
        not_before=not_before,
        deadline=deadline,
        max_attempts=max_attempts,
        request_id=request_id,
    )
    return TaskSignature(row, wake_up(row))


def wake_up(task: Task) -> Signature:
    """The message for one task: its id, routed by its type (`celeryconfig.task_routes`)."""
    return app.signature(celery_name(task.task_type), args=(str(task.id),))
