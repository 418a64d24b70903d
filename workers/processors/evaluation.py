"""`evaluation`: how well a picture shows what a prompt says."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import cast

from gpu.requests import StepEvent
from strategies.lifecycle import Output
from strategies.models import Task
from strategies.params import EvaluationParams, parse

from ..evaluators import EVALUATORS
from ..sources import picture, picture_before


class EvaluationProcessor:
    """One picture per task; makes no file."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Output:
        began = time.monotonic()
        params = cast(EvaluationParams, parse(task.params))
        image = picture(params.image) if params.image else picture_before(task)
        verdict = EVALUATORS[params.evaluator].judge(image, params)
        on_step(StepEvent(1, 1, lambda: [image]))
        return Output(
            result=asdict(verdict),
            seconds=time.monotonic() - began,
            logs=f"{verdict.evaluator}: {verdict.score:.2f}. {verdict.reason}\n",
        )
