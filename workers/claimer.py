"""What a process works on next, claimed a moment before the device is free: it waits for no database."""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass
from types import TracebackType

from django.conf import settings
from django.db import close_old_connections, connections

from gpu.requests import StepEvent
from strategies import lifecycle
from strategies.lifecycle import Claim
from strategies.scheduling import time_limit

from . import identity, scheduling
from .fetching import fetch_ahead
from .heartbeat import Heartbeat
from .limits import room_for
from .patience import patiently
from .processors.processor import Work
from .progress import Progress

AHEAD_SECONDS = 0.1  # several claims long; the less, the later what comes in can still be taken first


@dataclass(frozen=True, slots=True)
class Held:
    """A claim, the work that it is, its heart, and what keeps it alive until it is closed."""

    claim: Claim
    work: Work
    heart: Heartbeat
    lease: ExitStack


@dataclass(frozen=True, slots=True)
class Batch:
    """Claims that run in one call."""

    held: Sequence[Held]
    resident: frozenset[str]  # the models that were loaded when it was claimed

    def give_up(self) -> None:
        """Hand everything back as if it had not been claimed."""
        for each in self.held:
            with each.lease:
                patiently(lambda each=each: lifecycle.release(each.claim))


class Claimer:
    """Claims from one queue, in a thread of its own. What it claimed and nobody took goes back at the end."""

    def __init__(self, queue: str, until: float = 0.0) -> None:
        """`until`: the moment, by the monotonic clock, after which nothing is claimed ahead."""
        self._queue = queue
        self._until = until
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="claim")
        self._ahead: Future[Batch | None] | None = None
        self._taken = 0.0

    def take(self) -> Batch | None:
        """The best waiting task with those that can run beside it; None when nothing waits."""
        ahead, self._ahead = self._ahead, None
        batch = (ahead and ahead.result()) or self._submit().result()
        self._taken = time.monotonic()
        return batch

    def goes_on(self) -> bool:
        """Whether there is time, or work that was claimed already."""
        return self._ahead is not None or time.monotonic() < self._until

    def __enter__(self) -> "Claimer":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if self._ahead is not None and (batch := self._ahead.result()):
                batch.give_up()
        finally:
            self._thread.submit(connections.close_all)  # those of its own thread
            self._thread.shutdown()

    def _submit(self) -> "Future[Batch | None]":
        return self._thread.submit(copy_context().run, self._claim)

    def _claim(self) -> Batch | None:
        close_old_connections()  # Celery does this in the parent only
        resident = scheduling.resident()
        claims = patiently(
            lambda: lifecycle.claim_batch(
                queue=self._queue,
                worker=identity.NODE,
                device=identity.DEVICE,
                lease_seconds=settings.LEASE_SECONDS,
                served=identity.QUEUES,
                resident=resident,
                room=room_for,
                policy=scheduling.policy(),
            )
        )
        return Batch([self._hold(claim) for claim in claims], resident) if claims else None

    def _hold(self, claim: Claim) -> Held:
        lease = ExitStack()
        limit = time_limit(claim.task.task_type)
        heart = lease.enter_context(Heartbeat(claim, settings.LEASE_SECONDS, limit))
        progress = Progress(claim.task)

        def on_step(step: StepEvent) -> None:
            heart.stepped()
            progress(step)
            if step.step == 1:
                fetch_ahead(claim.task)
            self._look_ahead(step)

        return Held(claim, Work(claim.task, on_step, heart.should_stop), heart, lease)

    def _look_ahead(self, step: StepEvent) -> None:
        """Claim the next when what was taken is nearly done."""
        now = time.monotonic()
        remaining = (now - self._taken) / step.step * (step.steps - step.step)
        if self._ahead is None and now < self._until and remaining <= AHEAD_SECONDS:
            self._ahead = self._submit()
