"""What a processor is: it runs the tasks of one type."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gpu.requests import StepEvent
from strategies.models import Task

from ..outputs import Made


class Processor(Protocol):
    """Runs a claimed task; knows nothing of leases, retries or statuses."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        """Do the work; its files are written by whoever delivers it.

        Raises: gpu.errors.GpuError (its decision says what happens next), gpu.errors.Canceled.
        """
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """One task of several that run together; who it reports to, and who may stop it alone."""

    task: Task
    on_step: Callable[[StepEvent], None]
    should_cancel: Callable[[], bool]


class BatchProcessor(Processor, Protocol):
    """One that runs tasks with the same `batch_key` together (`strategies.batching.BATCHED`)."""

    def run_batch(self, works: Sequence[Work]) -> list[Made | Exception]:
        """What came of each, in their order: one that fails or is canceled leaves the others alone.

        Raises: gpu.errors.GpuError only if it is fatal for this process, and so for all of them.
        """
        ...
