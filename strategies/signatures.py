"""A task row with the Celery signature that wakes a worker for it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from celery.canvas import Signature
from django.conf import settings

from workers.app import app

from .batching import batch_key, model_of
from .models import Generation, Prediction, Task
from .models.generation import Priority
from .params import TaskParams
from .params.leaves import ids_in
from .sizes import parameters_of
from .tasktypes import QUEUES, REMOTE, celery_name


@dataclass(frozen=True, slots=True)
class TaskSignature:
    """`row` is the truth; `celery` names the task by name, so nobody here imports a worker."""

    row: Task
    celery: Signature
    ids: frozenset[UUID]  # of the stored things that its parameters name


def chain_signatures(
    generation: Generation,
    predictions: Iterable[Prediction],
    chain: Callable[[Prediction], Iterable[TaskParams]],
) -> list[TaskSignature]:
    """Every prediction's tasks, in the order in which `chain` names their parameters."""
    return [
        task_signature(generation, prediction, params, step=step)
        for prediction in predictions
        for step, params in enumerate(chain(prediction))
    ]


def task_signature(
    generation: Generation, prediction: Prediction, params: TaskParams, *, step: int
) -> TaskSignature:
    """One step of a prediction's chain."""
    return _signature(
        params,
        owner_id=generation.owner_id,
        generation=generation,
        prediction=prediction,
        workflow=generation.workflow_id,
        step=step,
        ready=step == 0,
        priority=generation.priority,
        not_before=generation.not_before,
        deadline=generation.deadline if step == 0 else None,  # for the start of a chain, not its end
        request_id=generation.request_id,
    )


def lone_signature(
    owner: Any,
    params: TaskParams,
    *,
    priority: Priority = Priority.NORMAL,
    not_before: datetime | None = None,
    deadline: datetime | None = None,
    request_id: str = "",
) -> TaskSignature:
    """A task that belongs to no prediction; `owner` is a primary key."""
    return _signature(
        params,
        owner_id=owner,
        priority=priority,
        not_before=not_before,
        deadline=deadline,
        request_id=request_id,
    )


def _signature(params: TaskParams, **fields: Any) -> TaskSignature:
    """The unsaved row with what its type and the settings say, and the message for it."""
    queues = REMOTE if params.is_remote else QUEUES
    row = Task(
        task_type=params.task_type,
        queue=queues[params.task_type],
        params=params.model_dump(mode="json"),
        model=model_of(params),
        model_parameters=parameters_of(params),
        work=params.work,
        batch_key=batch_key(params),
        max_attempts=settings.MAX_ATTEMPTS,
        **fields,
    )
    return TaskSignature(row, wake_up(row), frozenset(ids_in(params)))


def wake_up(task: Task) -> Signature:
    """The message for one task: its id, routed by its queue (`celeryconfig.task_routes`)."""
    return app.signature(celery_name(task.queue), args=(str(task.id),))
