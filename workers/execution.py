"""Running tasks: claim, work, and one fenced write of what came of each, beside the work on the next."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import cast

import structlog
from django.conf import settings
from django.db import close_old_connections

from gpu.errors import Canceled, Decision, GpuError
from strategies import lifecycle
from strategies.lifecycle import Claim, Failure
from strategies.models import Task
from strategies.scheduling import time_limit

from . import identity, scheduling
from .delivery import Stage, deliver, failure_of
from .heartbeat import Heartbeat
from .limits import room_for
from .outputs import Made
from .patience import patiently
from .processors import processor_for
from .processors.processor import BatchProcessor, Work
from .progress import Progress

log = structlog.get_logger(__name__)
TURN_SECONDS = 5.0  # how long one message keeps the device, so that the pool's other queues have their turn


class ProcessUnfit(Exception):
    """This process must not run anything more; its supervisor starts another."""


def run_turn(queue: str) -> int:
    """Run waiting tasks of a queue one after the other, for a while; each is delivered while the next runs.

    Returns how many there were, when all that came of them is durable: the message is acknowledged then.
    Raises: as `run_next`.
    """
    until = time.monotonic() + TURN_SECONDS
    ran = 0
    with Stage() as stage:
        while _next(queue, stage) is not None:
            ran += 1
            if time.monotonic() >= until:
                break
    return ran


def run_next(queue: str) -> str | None:
    """Claim the best waiting task of a queue, with those that can run beside it, and run them to their end.

    Returns the first task's id, or None when nothing waited. Raises: ProcessUnfit after a fatal device error.
    """
    with Stage() as stage:
        return _next(queue, stage)


def _next(queue: str, stage: Stage) -> str | None:
    close_old_connections()  # Celery does this in the parent only
    loaded = scheduling.resident()
    claims = patiently(
        lambda: lifecycle.claim_batch(
            queue=queue,
            worker=identity.NODE,
            device=identity.DEVICE,
            lease_seconds=settings.LEASE_SECONDS,
            served=identity.QUEUES,
            resident=loaded,
            room=room_for,
            policy=scheduling.policy(),
        )
    )
    if not claims:
        return None
    with _logged_as(claims[0].task):
        _run(claims, loaded, stage)
    return str(claims[0].task.id)


def _run(claims: Sequence[Claim], loaded: frozenset[str], stage: Stage) -> None:
    works: list[Work] = []
    leases: list[ExitStack] = []
    with ExitStack() as all_leases:
        for held in claims:
            leases.append(all_leases.enter_context(ExitStack()))
            works.append(_work(held, leases[-1]))
        try:
            outcomes = _outcomes(works)
        except GpuError as error:
            try:  # fatal: the rows are settled first, then the process ends, whatever becomes of the rows
                failure = Failure(error.code, str(error), retryable=True)
                for held in claims:
                    patiently(partial(lifecycle.fail, held, failure))
            finally:
                raise ProcessUnfit(str(error)) from error
        for held, outcome, lease in zip(claims, outcomes, leases, strict=True):
            with _logged_as(held.task):
                if isinstance(outcome, Made):
                    scheduling.note_load(held.task, loaded, outcome)
                    _hand_over(stage, held, outcome, lease.pop_all())
                elif isinstance(outcome, Failure):
                    patiently(partial(lifecycle.fail, held, outcome))
                else:
                    log.info("work_dropped", reason="canceled, out of time or lease lost")


def _work(held: Claim, lease: ExitStack) -> Work:
    """What a processor needs of a claim, which lives until its lease is closed."""
    limit, task = time_limit(held.task.task_type), str(held.task.id)
    identity.in_flight.append(task)
    lease.callback(identity.in_flight.remove, task)
    heart = lease.enter_context(Heartbeat(held, settings.LEASE_SECONDS, limit))
    return Work(held.task, Progress(held.task), heart.lost)


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
