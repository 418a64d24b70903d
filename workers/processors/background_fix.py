"""`background_fix`: the subject cut out, and something else put behind it."""

import time
from collections.abc import Callable
from typing import Any, cast

from PIL import Image, ImageChops

from gpu.foreground import foreground
from gpu.masks import digest, feathered, plain
from gpu.requests import StepEvent
from strategies.models import Task
from strategies.params import BackgroundFixParams, parse

from ..outputs import Made, made_picture
from ..redrawing import redraw, stop_if
from ..sources import picture

STRENGTH = 1.0  # nothing of the old background is wanted


class BackgroundFixProcessor:
    """Where the subject is covered in full (everywhere, unless feathered) its pixels stay bit for bit."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        params = cast(BackgroundFixParams, parse(task.params))
        began = time.monotonic()
        base = plain(picture(params.base_image))
        subject = foreground(base)
        stop_if(should_cancel)
        coverage = feathered(subject, params.feather)
        record = {
            "base_image": str(params.base_image),
            "subject_sha256": digest(subject),
            "subject_box": subject.getbbox(),
            "color": params.color,
            "transparent": params.transparent,
            "feather": params.feather,
        }
        if params.prompt:
            uncovered = ImageChops.invert(coverage.point(lambda level: 255 if level == 255 else 0))
            drawn = redraw(
                params, base.convert("RGB"), uncovered, strength=STRENGTH, record={"background": record},
                on_step=on_step, should_cancel=should_cancel,
            )  # fmt: skip
            image = Image.composite(base.convert("RGB"), drawn.image, coverage)
            return made_picture(task, image, drawn.provenance, drawn.timings, {"background": record})
        image = _cut_out(base, coverage) if params.transparent else _on_color(base, coverage, params.color)
        on_step(StepEvent(1, 1, lambda: [image]))
        provenance = _record(params, record, image)
        timings = {"total_s": time.monotonic() - began}
        return made_picture(task, image, provenance, timings, {"background": record})


def _on_color(base: Image.Image, coverage: Image.Image, color: str | None) -> Image.Image:
    return Image.composite(base.convert("RGB"), Image.new("RGB", base.size, color or "white"), coverage)


def _cut_out(base: Image.Image, coverage: Image.Image) -> Image.Image:
    """RGBA; what is not seen at all is black, so that no old background hides below the transparency."""
    seen = Image.composite(base.convert("RGB"), Image.new("RGB", base.size), _shown(coverage))
    seen.putalpha(coverage)
    return seen


def _shown(coverage: Image.Image) -> Image.Image:
    """White wherever anything shows."""
    return coverage.point(lambda level: 255 if level else 0)


def _record(params: BackgroundFixParams, record: dict[str, Any], image: Image.Image) -> dict[str, Any]:
    """The provenance of a picture that no model drew."""
    return {
        "mode": "background_fix",
        "width": image.width,
        "height": image.height,
        "extra": {**params.provenance, "background": record},
    }
