"""Running tasks: claim, work, and one fenced write of what came of each, beside the work on the next."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from typing import cast

import structlog

from gpu.errors import Canceled, Decision, GpuError
from strategies import lifecycle
from strategies.lifecycle import Claim, Failure
from strategies.models import Task

from . import scheduling
from .claimer import Batch, Claimer
from .delivery import Stage, deliver, failure_of
from .outputs import Made
from .patience import patiently
from .processors import processor_for
from .processors.processor import BatchProcessor, Work

log = structlog.get_logger(__name__)
TURN_SECONDS = 5.0  # how long one message keeps the device, so that the pool's other queues have their turn


class ProcessUnfit(Exception):
    """This process must not run anything more; its supervisor starts another."""


def run_turn(queue: str) -> int:
    """Run waiting tasks of a queue one after the other, for a while; each is delivered while the next runs.

    Returns how many there were, when all that came of them is durable: the message is acknowledged then.
    Raises: as `run_next`.
    """
    ran = 0
    with Stage() as stage, Claimer(queue, until=time.monotonic() + TURN_SECONDS) as claimer:
        while True:
            since = time.monotonic()
            if not (batch := claimer.take()):
                break
            _run(batch, stage, since)
            ran += 1
            if not claimer.goes_on():
                break
    return ran


def run_next(queue: str) -> str | None:
    """Claim the best waiting task of a queue, with those that can run beside it, and run them to their end.

    Returns the first task's id, or None when nothing waited. Raises: ProcessUnfit after a fatal device error.
    """
    since = time.monotonic()
    with Stage() as stage, Claimer(queue) as claimer:
        batch = claimer.take()
        if batch is None:
            return None
        _run(batch, stage, since)
    return str(batch.held[0].claim.task.id)


def _run(batch: Batch, stage: Stage, since: float) -> None:
    """Run what was claimed; whatever has an outcome is handed over with its lease.

    `since`: when the device came free for it.
    """
    with ExitStack() as leases, _logged_as(batch.held[0].claim.task):
        for held in batch.held:
            leases.push(held.lease)
        try:
            outcomes = _outcomes([held.work for held in batch.held])
        except GpuError as error:
            try:  # fatal: the rows are settled first, then the process ends, whatever becomes of the rows
                failure = Failure(error.code, str(error), retryable=True)
                for held in batch.held:
                    patiently(partial(lifecycle.fail, held.claim, failure))
            finally:
                raise ProcessUnfit(str(error)) from error
        busy = time.monotonic() - since
        for held, outcome in zip(batch.held, outcomes, strict=True):
            with _logged_as(held.claim.task):
                if isinstance(outcome, Made):
                    load = scheduling.note_load(held.claim.task, batch.resident, outcome)
                    each = (busy - (load or 0.0)) / len(batch.held)
                    made = replace(outcome, device_seconds=each, load_seconds=load)
                    _hand_over(stage, held.claim, made, held.lease.pop_all())
                elif isinstance(outcome, Failure):
                    patiently(partial(lifecycle.fail, held.claim, outcome))
                elif held.heart.gives_way:
                    patiently(partial(lifecycle.give_way, held.claim))
                else:
                    log.info("work_dropped", reason="canceled, out of time or lease lost")


def _hand_over(stage: Stage, held: Claim, made: Made, lease: ExitStack) -> None:
    """The lease is kept alive until everything is written."""

    def finish() -> None:
        with lease:
            deliver(held, made)

    stage.put(finish)


def _outcomes(works: Sequence[Work]) -> list[Made | Failure | None]:
    """What came of the work, in its order; None of what was stopped between two steps.

    Raises: gpu.errors.GpuError when it is fatal for this process.
    """
    processor = processor_for(works[0].task.task_type)
    made: Sequence[Made | Exception]
    try:
        if len(works) == 1:
            made = [processor.run(works[0].task, works[0].on_step, works[0].should_cancel)]
        else:
            made = cast(BatchProcessor, processor).run_batch(works)
    except Exception as error:
        if isinstance(error, GpuError) and error.decision is Decision.FATAL:
            raise
        made = [error] * len(works)
    return [_verdict(each) if isinstance(each, Exception) else each for each in made]


def _verdict(error: Exception) -> Failure | None:
    """What an error means for the task that met it; None for a cancel."""
    if isinstance(error, Canceled):
        return None
    if isinstance(error, GpuError):
        return Failure(error.code, str(error), retryable=error.decision is not Decision.CALLER)
    log.error("task_failed", exc_info=error)
    return failure_of(error)


def _logged_as(task: Task) -> AbstractContextManager[object]:
    return structlog.contextvars.bound_contextvars(request_id=task.request_id, task=str(task.id))
