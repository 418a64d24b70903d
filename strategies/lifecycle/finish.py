"""The ways a worker gives a task up: done, failed, or handed back unfinished. All fenced by the lease."""

import random
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from ..dispatch import publish_as_written, publish_on_commit
from ..generation_types import GENERATION_TYPES
from ..loras import lora_adopt
from ..models import Asset, Status, Task
from ..outcome import Delivery, Failure, Output
from ..shares import charge
from .announce import output_stored, task_changed
from .claim import Claim
from .settle import settle_prediction
from .start import write

BACKOFF_SECONDS = (1.0, 5.0, 30.0)  # before the second, third and later attempts, with jitter
NO_LEASE: dict[str, Any] = {"lease_token": None, "lease_expires_at": None}


def _fenced(held: Claim, **changes: Any) -> bool:
    """The compare-and-set behind every write of a worker: only while it still holds the lease."""
    return bool(Task.objects.filter(id=held.task.id, lease_token=held.token).update(**changes, **NO_LEASE))


def succeed(held: Claim, output: Output) -> bool:
    """Store the outputs, end the task, wake the next step or end the prediction. False: lease lost."""
    task, now, spent = held.task, timezone.now(), output.seconds
    with transaction.atomic():
        output = _with_earlier_turns(task, output)
        measured = {"device_seconds": output.device_seconds, "load_seconds": output.load_seconds}
        ended = {"status": Status.SUCCEEDED, "completed_at": now, "result": _result(output)}
        if not _fenced(held, **ended, **measured):
            return False
        task_changed(task, Status.SUCCEEDED, seconds=round(output.seconds, 3))
        Asset.objects.bulk_create(output.assets)
        if output.lora:
            lora_adopt(output.lora)
        if task.prediction_id is not None:
            _go_on(task, output)
        charge(task.owner_id, spent)
    return True


def _with_earlier_turns(task: Task, output: Output) -> Output:
    """The seconds of the device before the task gave way are work, too."""
    if not task.device_seconds:
        return output
    return replace(
        output,
        seconds=output.seconds + task.device_seconds,
        device_seconds=output.device_seconds and output.device_seconds + task.device_seconds,
    )


def _go_on(task: Task, output: Output) -> None:
    """The next step of the chain; behind the last one, what the generation's type decides."""
    kind = GENERATION_TYPES[task.generation.type]
    kind.step_succeeded(task, output)
    chain = _chain(task)
    waiting = {each.step: each for each in chain if each.status == Status.STARTING}
    if following := waiting.get(task.step + 1):
        following.ready = True
        publish_as_written([following])
        following.save(update_fields=["ready", "published_at"])
        return
    ending = kind.chain_succeeded(task, output)
    if isinstance(ending, Delivery):
        _deliver(task, ending, chain)
    else:
        write(ending)


def _chain(task: Task) -> list[Task]:
    """All tasks of its prediction that there are by now."""
    return list(Task.objects.filter(prediction=task.prediction_id))


def _deliver(task: Task, delivery: Delivery, chain: Iterable[Task]) -> None:
    """End the task's prediction with what it is given."""
    if delivery.assets:
        Asset.objects.filter(id__in=delivery.assets).update(prediction=task.prediction_id)
        output_stored(task.generation_id, task.prediction_id)
    spent = sum(each.result.get("seconds", 0.0) for each in chain if each.result is not None)
    settle_prediction(
        task.prediction_id, task.generation_id, Status.SUCCEEDED, predict_seconds=spent, **delivery.fields
    )


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
        end_chain(task, Status.FAILED, **_errors(failure))
        charge(task.owner_id, time.monotonic() - held.since)
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


def give_way(held: Claim) -> bool:
    """Hand the task back to go on later where it is, because others wait for its device."""
    task, spent = held.task, time.monotonic() - held.since
    reached = {"gave_way_at": timezone.now(), "device_seconds": (task.device_seconds or 0) + spent}
    with transaction.atomic():
        if not _fenced(held, status=Status.STARTING, attempt=task.attempt - 1, **reached):
            return False
        task_changed(task, "gave_way")
        charge(task.owner_id, spent)
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
            charge(held.task.owner_id, time.monotonic() - held.since)
    return returned


def end_chain(task: Task, status: Status, *, error_code: str, error_detail: str) -> None:
    """A task will never succeed: its later steps are not reached, and its prediction ends, with what the
    generation's type can still give it if it can."""
    if task.prediction_id is None:
        return
    Task.objects.filter(prediction=task.prediction_id, step__gt=task.step, status=Status.STARTING).update(
        status=Status.CANCELED, completed_at=timezone.now()
    )
    if rescue := GENERATION_TYPES[task.generation.type].rescued(task, error_detail):
        _deliver(task, rescue, _chain(task))
    else:
        settle_prediction(
            task.prediction_id, task.generation_id, status, error_code=error_code, error_detail=error_detail
        )


def _errors(failure: Failure) -> dict[str, str]:
    return {"error_code": failure.code, "error_detail": failure.detail}
