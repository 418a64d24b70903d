"""What a processor is: it runs the tasks of one type."""

from collections.abc import Callable
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
