"""Running one task: claim, work, and one fenced write of what came of it."""

import structlog
from django.conf import settings
from django.db import DataError, Error, IntegrityError, close_old_connections

from gpu.errors import Canceled, Decision, GpuError
from strategies import lifecycle
from strategies.lifecycle import Claim, Failure, Output
from strategies.models import Asset, Lora
from strategies.scheduling import time_limit

from . import identity
from .heartbeat import Heartbeat
from .patience import patiently
from .processors import processor_for
from .progress import Progress

log = structlog.get_logger(__name__)


class ProcessUnfit(Exception):
    """This process must not run anything more; its supervisor starts another."""


def run_next(queue: str) -> str | None:
    """Claim the best waiting task of a queue and run it to its end.

    Returns the task's id, or None when nothing waited. Raises: ProcessUnfit after a fatal device error.
    """
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
        identity.in_flight.append(str(task.id))
        try:
            _run(held)
        finally:
            identity.in_flight.remove(str(task.id))
    return str(task.id)


def _run(held: Claim) -> None:
    limit = time_limit(held.task.task_type)
    with Heartbeat(held, settings.LEASE_SECONDS, limit) as heart:
        try:
            outcome = _outcome(held, heart)
        except GpuError as error:
            try:  # fatal: the row is settled first, then the process ends, whatever becomes of the row
                failure = Failure(error.code, str(error), retryable=True)
                patiently(lambda: lifecycle.fail(held, failure))
            finally:
                raise ProcessUnfit(str(error)) from error
        if isinstance(outcome, Output):
            _deliver(held, outcome)
        elif isinstance(outcome, Failure):
            patiently(lambda: lifecycle.fail(held, outcome))
        else:
            log.info("work_dropped", reason="canceled, out of time or lease lost")


def _outcome(held: Claim, heart: Heartbeat) -> Output | Failure | None:
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
    except (Error, OSError) as error:
        log.exception("task_stumbled")
        return Failure(
            "storage_unavailable", f"A server or disk was away ({type(error).__name__}).", retryable=True
        )
    except Exception as error:
        log.exception("task_crashed")
        return Failure(
            "internal_error", f"An error in Atelier itself: {type(error).__name__}.", retryable=True
        )


def _deliver(held: Claim, output: Output) -> None:
    """Rows and status in one write. Whoever lost the lease meanwhile takes its files away again."""
    try:
        delivered = patiently(lambda: lifecycle.succeed(held, output))
    except (DataError, IntegrityError) as error:
        log.exception("output_refused")
        failure = Failure(
            "internal_error", f"The output was refused: {type(error).__name__}.", retryable=True
        )
        delivered = patiently(lambda: lifecycle.fail(held, failure)) and False
    if not delivered:
        _take_away(output)


def _take_away(output: Output) -> None:
    """Delete the files that no row speaks of. A commit whose answer got lost looks like a lost lease."""
    ids = [asset.id for asset in output.assets]
    stored = patiently(lambda: set(Asset.objects.filter(id__in=ids).values_list("id", flat=True)))
    for asset in output.assets:
        if asset.id not in stored:
            log.info("output_dropped", reason="canceled or lease lost", asset=str(asset.id))
            asset.file.delete(save=False)
    made = output.lora and output.lora.lora
    if made and not patiently(Lora.objects.filter(id=made.id).exists):
        made.file.delete(save=False)
