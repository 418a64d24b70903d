"""`evaluation`: how well a picture shows what a prompt says."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import cast

from PIL import Image

from gpu.requests import StepEvent
from strategies.models import Task
from strategies.params import EvaluationParams, parse

from ..evaluators import EVALUATORS
from ..outputs import Made
from ..sources import picture, picture_before


class EvaluationProcessor:
    """One picture per task; makes no file."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        began = time.monotonic()
        params = cast(EvaluationParams, parse(task.params))
        image = _picture(task, params)
        verdict = EVALUATORS[params.evaluator].judge(image, params)
        on_step(StepEvent(1, 1, lambda: [image]))
        return Made(
            result=asdict(verdict),
            seconds=time.monotonic() - began,
            logs=f"{verdict.evaluator}: {verdict.score:.2f}. {verdict.reason}\n",
        )


def _picture(task: Task, params: EvaluationParams) -> Image.Image:
    return picture(params.image) if params.image else picture_before(task)
