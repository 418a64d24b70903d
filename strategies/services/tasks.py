"""Tasks asked for by themselves: the writes behind `/v1/tasks`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from families.models import Workflow
from families.models.workflow import Rating, State

from .. import lifecycle
from ..errors import InvalidInputs, NotWaiting, Problem, StillRunning, one
from ..models import TERMINAL, Asset, Lora, Status, Subject, Task
from ..models.generation import Priority
from ..params import PARAMS, TaskParams, parse
from ..params.leaves import leaves
from ..signatures import lone_signature
from ..uploads import hold
from .generations import deadline_in, generation_replay

PARTS = {"generator": "generator", "location": "model"}  # parameters that name what only authors choose


@dataclass(frozen=True, slots=True)
class TaskAsk:
    """What a client sends: a task type with its parameters, and when to run it."""

    task_type: str
    params: dict[str, Any]
    priority: Priority = Priority.NORMAL
    not_before: datetime | None = None
    deadline_seconds: float | None = None


def task_create(*, owner: AbstractBaseUser, ask: TaskAsk, request_id: str = "") -> Task:
    """Check the parameters and everything they name, write the row, wake a worker on commit.

    Raises: InvalidInputs naming every field that is wrong.
    """
    params = _parsed(ask)
    _refuse_foreign(owner, params)
    signature = lone_signature(
        owner.pk,
        params,
        priority=ask.priority,
        not_before=ask.not_before,
        deadline=deadline_in(ask.deadline_seconds),
        request_id=request_id,
    )
    with transaction.atomic():
        return lifecycle.start_alone(signature)


def task_update(task: Task, **changes: Any) -> Task:
    """Change the priority or the deadline of a task that waits.

    Raises: NotWaiting, or InvalidInputs for a deadline where a chain has begun already.
    """
    if changes.get("deadline") and task.step > 0:
        raise InvalidInputs(
            "A deadline is for the start of a chain, and this is a later step; cancel it in time instead.",
            errors=one(("deadline",), "only for the first step", "later_step"),
        )
    if not Task.objects.filter(id=task.id, status=Status.STARTING).update(**changes):
        raise NotWaiting("The task has started or is over; only a waiting one can be changed.")
    task.refresh_from_db()
    return task


def task_retry(task: Task, *, request_id: str = "") -> Task:
    """Do the work of a task that is over again: as a new task, or as a new generation if it has a prediction.

    A terminal status is written once, so the old row stays as it is. Raises: StillRunning.
    """
    if task.prediction is not None:
        return generation_replay(task.prediction, request_id=request_id).generation.tasks.get(step=0)
    if task.status not in TERMINAL:
        raise StillRunning("The task is still running; cancel it or wait for its end.")
    signature = lone_signature(
        task.owner_id, parse(task.params), priority=Priority(task.priority), request_id=request_id
    )
    with transaction.atomic():
        return lifecycle.start_alone(signature)


def _parsed(ask: TaskAsk) -> TaskParams:
    if ask.task_type not in PARAMS:
        known = ", ".join(PARAMS)
        raise InvalidInputs(
            f"There is no task type {ask.task_type!r}; known: {known}.",
            errors=one(("task_type",), f"one of: {known}", "unknown_task_type"),
        )
    try:
        params = parse({**ask.params, "task_type": ask.task_type})
    except ValidationError as error:
        problems = [
            Problem(loc=["params", *problem["loc"]], msg=_told(problem, ask.task_type), type=problem["type"])
            for problem in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidInputs("Some parameters cannot be used; see errors.", errors=problems) from error
    if missing := params.missing_alone:
        raise InvalidInputs(
            f"No step comes before a task by itself, so it needs its own {missing}.",
            errors=one(("params", missing), "is required of a task by itself", "missing"),
        )
    return params


def _told(problem: ErrorDetails, task_type: str) -> str:
    """What is wrong, with the parameters there are where one is not among them."""
    if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
        return f"is not a parameter of {task_type} ({', '.join(PARAMS[task_type].model_fields)})"
    return problem["msg"]


def _refuse_foreign(owner: AbstractBaseUser, params: TaskParams) -> None:
    """Every stored thing must be the owner's; generator and models those of workflows open to them."""
    ids = {value: loc for loc, value in leaves(params, ("params",)) if isinstance(value, UUID)}
    hold(owner, list(ids))
    own: set[UUID] = set()
    for model in (Asset, Lora, Subject):
        own |= set(model.objects.filter(owner=owner, id__in=ids).values_list("id", flat=True))
    problems = [
        Problem(loc=list(loc), msg="nothing of yours has this id", type="unknown_id")
        for value, loc in ids.items()
        if value not in own
    ]
    if not getattr(owner, "is_staff", False):
        usable = _open_parts(owner)
        problems += [
            Problem(loc=list(loc), msg=f"no workflow open to you uses this {noun}", type=f"unknown_{noun}")
            for loc, value in leaves(params, ("params",))
            if (noun := PARTS.get(loc[-1])) and value is not None and value not in usable[noun]
        ]
    if problems:
        raise InvalidInputs("Some parameters name what you cannot use; see errors.", errors=problems)


def _open_parts(owner: AbstractBaseUser) -> dict[str, set[str]]:
    """What published workflows use, adult ones for accounts that may run them: noun of `PARTS` → names."""
    workflows = Workflow.objects.filter(state=State.PUBLISHED)
    if not getattr(owner, "age_verified_at", None):
        workflows = workflows.exclude(rating=Rating.ADULT)
    open_parts: dict[str, set[str]] = {noun: set() for noun in PARTS.values()}
    rows = workflows.values_list("generator", "loras", "controlnets", "checkpoint", "vae", "refiner")
    for generator, loras, nets, *models in rows:
        open_parts["generator"].add(generator)
        open_parts["model"] |= {*models, *(each["lora"] for each in loras), *(net["model"] for net in nets)}
    return open_parts
