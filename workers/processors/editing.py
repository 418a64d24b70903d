"""`editing`: references laid into the area, then the area drawn anew."""

from collections.abc import Callable
from typing import cast

from gpu.masks import merged, plain
from gpu.placing import Reference, place
from gpu.requests import StepEvent
from strategies.models import Task
from strategies.params import EditingParams, ReferenceParams, parse

from ..outputs import Made, made_picture
from ..redrawing import area_of, area_record, redraw, stop_if
from ..sources import picture


class EditingProcessor:
    """One picture per task, exactly as large as its base image."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        params = cast(EditingParams, parse(task.params))
        base = plain(picture(params.base_image))
        area = area_of(params, base)
        stop_if(should_cancel)
        record, laid = area_record(params, area), base
        if params.references:
            placed, boxes = place(base.convert("RGB"), area, [_reference(each) for each in params.references])
            laid = merged(base, placed, area)
            record["references"] = [
                {"image": str(reference.image), "box": box}
                for reference, box in zip(params.references, boxes, strict=True)
            ]
            stop_if(should_cancel)
        drawn = redraw(
            params, laid, area, strength=params.strength, record={"edit": record}, on_step=on_step,
            should_cancel=should_cancel,
        )  # fmt: skip
        return made_picture(task, drawn.image, drawn.provenance, drawn.timings, {"area": record})


def _reference(params: ReferenceParams) -> Reference:
    center = None if params.x is None or params.y is None else (params.x, params.y)
    return Reference(picture(params.image), center, params.scale)
