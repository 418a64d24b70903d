"""`detail_enhancer`: a gentle second pass inside the area, which melts in what was laid there."""

from collections.abc import Callable
from typing import cast

from gpu.images import record_of
from gpu.masks import plain
from gpu.requests import StepEvent
from strategies.models import Task
from strategies.params import DetailEnhancerParams, parse

from ..outputs import Made, made_picture
from ..redrawing import area_of, area_record, redraw, stop_if
from ..sources import picture, picture_before


class DetailEnhancerProcessor:
    """The area is told from the base image: a region may be gone from the picture that was made of it."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        params = cast(DetailEnhancerParams, parse(task.params))
        base = plain(picture(params.base_image))
        area = area_of(params, base)
        stop_if(should_cancel)
        before = picture_before(task) if task.step else base
        record = {**area_record(params, area), "before": record_of(before)}
        drawn = redraw(
            params, plain(before), area, strength=params.strength, record={"detail": record},
            on_step=on_step, should_cancel=should_cancel,
        )  # fmt: skip
        return made_picture(task, drawn.image, drawn.provenance, drawn.timings)
