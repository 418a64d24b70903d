"""Running tasks: claim, work, and one fenced write of what came of it, beside the work on the next."""

import time
from contextlib import ExitStack

import structlog
from django.conf import settings
from django.db import close_old_connections

from gpu.errors import Canceled, Decision, GpuError
from strategies import lifecycle
from strategies.lifecycle import Claim, Failure
from strategies.scheduling import time_limit

from . import identity
from .delivery import Stage, deliver, failure_of
from .heartbeat import Heartbeat
from .outputs import Made
from .patience import patiently
from .processors import processor_for
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
    """Claim the best waiting task of a queue and run it to its end.

    Returns the task's id, or None when nothing waited. Raises: ProcessUnfit after a fatal device error.
    """
    with Stage() as stage:
        return _next(queue, stage)


def _next(queue: str, stage: Stage) -> str | None:
    close_old_connections()  # Celery does this in the parent only
    held = patiently(
        lambda: lifecycle.claim(
            queue=queue,
            worker=identity.NODE,
            device=identity.DEVICE,
            lease_seconds=settings.LEASE_SECONDS,
            served=identity.QUEUES,
        )
    )
    if held is None:
        return None
    task = held.task
    with structlog.contextvars.bound_contextvars(request_id=task.request_id, task=str(task.id)):
        _run(held, stage)
    return str(task.id)


def _run(held: Claim, stage: Stage) -> None:
    limit, task = time_limit(held.task.task_type), str(held.task.id)
    with ExitStack() as lease:
        identity.in_flight.append(task)
        lease.callback(identity.in_flight.remove, task)
        heart = lease.enter_context(Heartbeat(held, settings.LEASE_SECONDS, limit))
        try:
            outcome = _outcome(held, heart)
        except GpuError as error:
            try:  # fatal: the row is settled first, then the process ends, whatever becomes of the row
                failure = Failure(error.code, str(error), retryable=True)
                patiently(lambda: lifecycle.fail(held, failure))
            finally:
                raise ProcessUnfit(str(error)) from error
        if isinstance(outcome, Made):
            _hand_over(stage, held, outcome, lease.pop_all())
        elif isinstance(outcome, Failure):
            patiently(lambda: lifecycle.fail(held, outcome))
        else:
            log.info("work_dropped", reason="canceled, out of time or lease lost")


def _hand_over(stage: Stage, held: Claim, made: Made, lease: ExitStack) -> None:
    """The lease is kept alive until everything is written."""

    def finish() -> None:
        with lease:
            deliver(held, made)

    stage.put(finish)


def _outcome(held: Claim, heart: Heartbeat) -> Made | Failure | None:
    """What came of the work; None when it was stopped between two steps.

    Raises: gpu.errors.GpuError when it is fatal for this process.
    """
    processor = processor_for(held.task.task_type)
    try:
        return processor.run(held.task, Progress(held.task), heart.lost)
    except Canceled:
        return None
    except GpuError as error:
        if error.decision is Decision.FATAL:
            raise
        return Failure(error.code, str(error), retryable=error.decision is not Decision.CALLER)
    except Exception as error:
        log.exception("task_failed")
        return failure_of(error)
