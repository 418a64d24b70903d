"""`image_adjust`: a stored picture through the formulas of `gpu.adjust`."""

import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, cast

from PIL import Image

from gpu.adjust import Adjustments, Crop, adjusted
from gpu.errors import Decision, GpuError
from gpu.requests import StepEvent
from strategies.models import Asset, Task
from strategies.params import ImageAdjustParams, parse

from ..outputs import Made, image_draft
from ..sources import picture


class SourceDiffers(GpuError):
    """The stored picture is not the one that the task names."""

    code = "source_differs"
    decision = Decision.CALLER


class ImageAdjustProcessor:
    """Milliseconds of NumPy; nothing to cancel in between."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        params = cast(ImageAdjustParams, parse(task.params))
        started = time.perf_counter()
        wanted = _adjustments(params)
        result = adjusted(_source(params), wanted)
        on_step(StepEvent(1, 1, lambda: [result]))
        record = _record(params, wanted, result)
        seconds = time.perf_counter() - started
        return Made(drafts=[image_draft(task, 0, result, record)], provenance=record, seconds=seconds)


def _source(params: ImageAdjustParams) -> Image.Image:
    """The picture, proven to be the one of the record. Raises: InputGone, SourceDiffers."""
    source = picture(params.source.asset)
    if not Asset.objects.filter(id=params.source.asset, sha256=params.source.sha256).exists():
        raise SourceDiffers("The picture has another SHA-256 than was named; name that of the asset.")
    return source


def _adjustments(params: ImageAdjustParams) -> Adjustments:
    values = params.model_dump(exclude={"task_type", "provenance", "source", "crop"})
    return Adjustments(crop=Crop(**params.crop.model_dump()) if params.crop else None, **values)


def _record(params: ImageAdjustParams, wanted: Adjustments, result: Image.Image) -> dict[str, Any]:
    """Enough to have the original again and to repeat the adjustment bit for bit."""
    return {
        "mode": "image_adjust",
        "source": {"asset": str(params.source.asset), "sha256": params.source.sha256},
        "adjustments": wanted.steps(),
        "width": result.width,
        "height": result.height,
        "versions": {library: version(library) for library in ("pillow", "numpy")},
        "extra": dict(params.provenance),
    }
