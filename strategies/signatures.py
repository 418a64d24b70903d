"""A task row with the Celery signature that wakes a worker for it."""

from dataclasses import dataclass

from celery.canvas import Signature

from workers.app import app

from .models import Generation, Prediction, Task
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
        deadline=generation.deadline,
        max_attempts=max_attempts,
        request_id=generation.request_id,
    )
    return TaskSignature(row, wake_up(row))


def wake_up(task: Task) -> Signature:
    """The message for one task: its id, routed by its type (`celeryconfig.task_routes`)."""
    return app.signature(celery_name(task.task_type), args=(str(task.id),))
