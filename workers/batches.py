"""Several tasks in one pipeline call, each as if it were alone.

A call that fails as a whole is repeated in parts: after running out of memory with half of the images, after
any other failure one by one, so that only what cannot be drawn is not drawn.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Protocol, TypeVar

import structlog
from PIL import Image

from gpu.errors import Canceled, Decision, GpuError
from gpu.requests import StepEvent

from . import limits
from .processors.processor import Work

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture of a call, and seconds by phase of the whole call."""

    image: Image.Image
    provenance: dict[str, Any]
    timings: Mapping[str, float]
    images: int  # in the call


class HasWork(Protocol):
    @property
    def work(self) -> Work: ...


Ready = TypeVar("Ready", bound=HasWork)
Draw = Callable[
    [Sequence[Ready], Callable[[StepEvent], None], Callable[[], bool]],
    list[Drawing],
]


def draw_together(batch: Sequence[Ready], draw: Draw[Ready]) -> list[Drawing | Exception]:
    """What came of each, in their order.

    Raises: gpu.errors.GpuError if it is fatal for this process.
    """
    if not batch:
        return []
    works = [each.work for each in batch]

    def nobody_waits() -> bool:
        return all(work.should_cancel() for work in works)

    try:
        return [*draw(batch, partial(_tell, works), nobody_waits)]
    except Canceled as error:
        return [error] * len(batch)
    except Exception as error:
        if isinstance(error, GpuError) and error.decision is Decision.FATAL:
            raise
        if len(batch) == 1:
            return [error]
        return _in_parts(batch, draw, error)


def _in_parts(batch: Sequence[Ready], draw: Draw[Ready], error: Exception) -> list[Drawing | Exception]:
    log.warning("batch_failed", images=len(batch), error=f"{type(error).__name__}: {error}")
    size = 1
    if isinstance(error, GpuError) and error.decision is Decision.OUT_OF_MEMORY:
        size = (len(batch) + 1) // 2
        limits.too_many(batch[0].work.task, len(batch))
    parts = [batch[start : start + size] for start in range(0, len(batch), size)]
    return [outcome for part in parts for outcome in draw_together(part, draw)]


def _tell(works: Sequence[Work], event: StepEvent) -> None:
    """Each hears of its own picture; they are made once, and only if somebody wants to see one."""
    previews = cache(event.preview)
    for place, work in enumerate(works):
        if not work.should_cancel():
            work.on_step(StepEvent(event.step, event.steps, partial(_only, previews, place)))


def _only(previews: Callable[[], list[Image.Image]], place: int) -> list[Image.Image]:
    return [previews()[place]]
