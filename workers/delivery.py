"""Behind the device: files and rows of what was drawn are written while the next is drawn."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType

import structlog
from django.db import DataError, Error, IntegrityError, close_old_connections, connections

from strategies import lifecycle
from strategies.lifecycle import Claim, Failure, Output
from strategies.models import Asset, Lora

from .outputs import Made
from .patience import patiently

log = structlog.get_logger(__name__)
DEPTH = 2  # outputs that wait or are being written: pictures in memory, tasks that a dying process repeats


class Stage:
    """One thread that runs what it is given in order; whoever gives it more than it holds waits.

    A context manager: its block is left when everything is done, with the first error there was.
    """

    def __init__(self, depth: int = DEPTH) -> None:
        self._room = threading.BoundedSemaphore(depth)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="delivery")
        self._error: BaseException | None = None

    def put(self, job: Callable[[], None]) -> None:
        """Run it soon, under the log context of now."""
        self._room.acquire()
        self._thread.submit(copy_context().run, self._run, job)

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._thread.submit(connections.close_all)  # those of its own thread
        self._thread.shutdown()
        if error is None and self._error is not None:
            raise self._error

    def _run(self, job: Callable[[], None]) -> None:
        try:
            close_old_connections()
            job()
        except BaseException as error:  # whatever ends this thread's work ends the block that waits for it
            log.exception("delivery_failed")
            self._error = self._error or error
        finally:
            self._room.release()


def deliver(held: Claim, made: Made) -> None:
    """Write the files, then rows and status in one fenced write. A lost lease takes the files away again."""
    try:
        output = made.stored()
    except Exception as error:
        log.exception("output_not_stored")
        failure = failure_of(error)
        patiently(lambda: lifecycle.fail(held, failure))
        return
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


def failure_of(error: Exception) -> Failure:
    """What an error that nobody foresaw means for the task that met it."""
    if isinstance(error, (Error, OSError)):
        text = f"A server or disk was away ({type(error).__name__})."
        return Failure("storage_unavailable", text, retryable=True)
    return Failure("internal_error", f"An error in Atelier itself: {type(error).__name__}.", retryable=True)


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
