"""`generation`: from typed parameters to pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from django.db import Error

from gpu.errors import GpuError
from gpu.images import Encoding
from gpu.requests import DEFAULT_REFINER_START, InferenceRequest, PipelineMode, StepEvent
from strategies.models import Task
from strategies.params import GenerationParams, parse

from ..batches import Drawing, draw_together
from ..generators import get_generator
from ..keys import pipeline_key
from ..outputs import Made, image_draft, made_of
from ..sources import adapter, control, picture, prompt_before
from .processor import Work


@dataclass(frozen=True, slots=True)
class Ready:
    """A task that can be drawn."""

    work: Work
    params: GenerationParams
    prompt: str


class GenerationProcessor:
    """One prediction per task; several tasks per pipeline call."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        (outcome,) = self.run_batch([Work(task, on_step, should_cancel)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def run_batch(self, works: Sequence[Work]) -> list[Made | Exception]:
        prepared = [_prepared(work) for work in works]
        drawn = iter(draw_together([each for each in prepared if isinstance(each, Ready)], _draw))
        return [_made(each, next(drawn)) if isinstance(each, Ready) else each for each in prepared]


def _prepared(work: Work) -> Ready | Exception:
    try:
        params = cast(GenerationParams, parse(work.task.params))
        prompt = prompt_before(work.task) if params.prompt_of_step_before else params.prompt
    except (GpuError, Error) as error:
        return error
    return Ready(work, params, prompt)


def _draw(
    batch: Sequence[Ready], on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
) -> list[Drawing]:
    """One pipeline call."""
    generator = get_generator(batch[0].params.generator)
    result = generator.generate(_request(batch), on_step, should_cancel)
    return [
        Drawing(image, record, result.timings, len(batch))
        for image, record in zip(result.images, result.provenance, strict=True)
    ]


def _made(ready: Ready, drawing: Drawing | Exception) -> Made | Exception:
    """Of a call each task has its own record, and its share of the seconds."""
    if isinstance(drawing, Exception):
        return drawing
    record = {**drawing.provenance, "extra": dict(ready.params.provenance)}
    encoding = Encoding(**ready.params.encoding.model_dump())
    draft = image_draft(ready.work.task, 0, drawing.image, record, encoding)
    made = made_of([draft], record, drawing.timings, {"images": drawing.images})
    return replace(made, seconds=made.seconds / drawing.images)


def _request(batch: Sequence[Ready]) -> InferenceRequest:
    """What may differ between the images of a call is each task's own; the rest is the first one's."""
    params = batch[0].params
    return InferenceRequest(
        key=pipeline_key(params, _mode(params)),
        prompts=tuple(each.prompt for each in batch),
        negative_prompts=tuple(each.params.negative_prompt for each in batch if params.negative_prompt),
        seeds=tuple(each.params.seed for each in batch),
        width=params.width,
        height=params.height,
        num_inference_steps=params.num_inference_steps,
        guidance_scale=params.guidance_scale,
        scheduler=params.scheduler,
        image=picture(params.image) if params.image else None,
        mask=picture(params.mask) if params.mask else None,
        strength=params.strength,
        controls=tuple(control(each) for each in params.controls),
        adapters=tuple(adapter(lora) for lora in params.loras),
        refiner_start=params.refiner.start if params.refiner else DEFAULT_REFINER_START,
    )


def _mode(params: GenerationParams) -> PipelineMode:
    if not params.image:
        return PipelineMode.TEXT_TO_IMAGE
    return PipelineMode.INPAINT if params.mask else PipelineMode.IMAGE_TO_IMAGE
