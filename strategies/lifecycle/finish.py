"""The ways a worker gives a task up: done, failed, or handed back unfinished. All fenced by the lease."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from ..dispatch import publish_on_commit
from ..loras import TrainedLora, lora_adopt
from ..models import Asset, Status, Task
from .announce import output_stored, task_changed
from .claim import Claim
from .settle import settle_prediction

BACKOFF_SECONDS = (1.0, 5.0, 30.0)  # before the second, third and later attempts, with jitter
NO_LEASE: dict[str, Any] = {"lease_token": None, "lease_expires_at": None}


@dataclass(frozen=True, slots=True)
class Output:
    """What a worker made: stored files (unsaved rows), their provenance, and what it measured."""

    assets: Sequence[Asset] = ()
    provenance: dict[str, Any] | None = None
    seconds: float = 0.0
    logs: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    lora: TrainedLora | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task failed and whether another attempt may help."""

    code: str
    detail: str
    retryable: bool


def _fenced(held: Claim, **changes: Any) -> bool:
    """The compare-and-set behind every write of a worker: only while it still holds the lease."""
    return bool(Task.objects.filter(id=held.task.id, lease_token=held.token).update(**changes, **NO_LEASE))


def succeed(held: Claim, output: Output) -> bool:
    """Store the outputs, end the task, wake the next step or end the prediction. False: lease lost."""
    task, now = held.task, timezone.now()
    with transaction.atomic():
        if not _fenced(held, status=Status.SUCCEEDED, completed_at=now, result=_result(output)):
            return False
        task_changed(task, Status.SUCCEEDED, seconds=round(output.seconds, 3))
        following = _following(task)
        if task.prediction_id and not following:
            for asset in output.assets:
                asset.prediction_id = task.prediction_id
        Asset.objects.bulk_create(output.assets)
        if output.lora:
            lora_adopt(output.lora)
        if following:
            Task.objects.filter(id=following.id).update(ready=True)
            publish_on_commit([following])
        elif task.prediction_id:
            _settle(task, output)
    return True


def _following(task: Task) -> Task | None:
    """The next step of the chain, ready to be published."""
    if task.prediction_id is None:
        return None
    steps = Task.objects.filter(prediction=task.prediction_id, step=task.step + 1, status=Status.STARTING)
    if following := steps.first():
        following.ready = True
    return following


def _settle(task: Task, output: Output) -> None:
    """The last step is done: its output is the prediction's."""
    if output.assets:
        output_stored(task.generation_id, task.prediction_id)
    before = Task.objects.filter(prediction=task.prediction_id, step__lt=task.step, result__isnull=False)
    earlier = sum(result.get("seconds", 0.0) for result in before.values_list("result", flat=True))
    settle_prediction(
        task.prediction_id, task.generation_id, Status.SUCCEEDED, provenance=output.provenance,
        logs=output.logs, predict_seconds=earlier + output.seconds,
    )  # fmt: skip


def fail(held: Claim, failure: Failure) -> bool:
    """Try again later while attempts remain and it may help; else end the task and its prediction.

    Returns False when the lease was lost.
    """
    task = held.task
    if failure.retryable and task.attempt < task.max_attempts:
        delay = BACKOFF_SECONDS[min(task.attempt, len(BACKOFF_SECONDS)) - 1] * random.uniform(0.5, 1.5)
        return _return_to_queue(held, failure, not_before=timezone.now() + timedelta(seconds=delay))
    with transaction.atomic():
        if not _fenced(held, status=Status.FAILED, completed_at=timezone.now(), **_errors(failure)):
            return False
        task_changed(task, Status.FAILED, code=failure.code)
        bury_chain(task)
        settle_prediction(task.prediction_id, task.generation_id, Status.FAILED, **_errors(failure))
    return True


def _result(output: Output) -> dict[str, Any]:
    """What the task's row keeps of its output."""
    made = [str(asset.id) for asset in output.assets]
    return {**output.result, "seconds": round(output.seconds, 4), "assets": made}


def release(held: Claim) -> bool:
    """Hand the task back unharmed, at a shutdown: the attempt does not count, a message goes out at once."""
    task = held.task
    with transaction.atomic():
        if not _fenced(held, status=Status.STARTING, attempt=task.attempt - 1):
            return False
        task_changed(task, "released")
        publish_on_commit([task])
    return True


def release_all(*, worker: str) -> int:
    """Hand back whatever a worker that is leaving still holds, after its child has gone. Returns how many."""
    held = Task.objects.filter(worker=worker, status=Status.PROCESSING)
    return sum(release(Claim(task, task.lease_token)) for task in held)


def expire_leases(*, worker: str) -> int:
    """Let the leases of a worker that is known to be dead run out now; the reaper does the rest."""
    held = Task.objects.filter(worker=worker, status=Status.PROCESSING)
    return held.update(lease_expires_at=timezone.now())


def _return_to_queue(held: Claim, failure: Failure, *, not_before) -> bool:
    """Back to `starting`; the reaper publishes it when `not_before` has come."""
    with transaction.atomic():
        returned = _fenced(
            held, status=Status.STARTING, not_before=not_before, published_at=None, **_errors(failure)
        )
        if returned:
            task_changed(held.task, "retrying", code=failure.code)
    return returned


def bury_chain(task: Task) -> None:
    """End the later steps of a chain that will never be reached."""
    if task.prediction_id is None:
        return
    Task.objects.filter(prediction=task.prediction_id, step__gt=task.step, status=Status.STARTING).update(
        status=Status.CANCELED, completed_at=timezone.now()
    )


def _errors(failure: Failure) -> dict[str, str]:
    return {"error_code": failure.code, "error_detail": failure.detail}
