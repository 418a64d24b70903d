"""`generation`: from typed parameters to pictures."""

from collections.abc import Callable
from typing import cast

from gpu.images import Encoding
from gpu.requests import InferenceRequest, ModelSource, PipelineKey, PipelineMode, StepEvent
from strategies.models import Task
from strategies.params import GenerationParams, parse

from ..generators import get_generator
from ..outputs import Made, image_draft, made_of
from ..sources import adapter, control, picture, prompt_before
from ..weights import model_source


class GenerationProcessor:
    """One prediction per task."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        params = cast(GenerationParams, parse(task.params))
        generator = get_generator(params.generator)
        prompt = prompt_before(task) if params.prompt_of_step_before else params.prompt
        result = generator.generate(_request(params, prompt), on_step, should_cancel)
        encoding = Encoding(**params.encoding.model_dump())
        drafts = [
            image_draft(task, index, image, result.provenance[index], encoding)
            for index, image in enumerate(result.images)
        ]
        return made_of(drafts, result.provenance[0], result.timings)


def _request(params: GenerationParams, prompt: str) -> InferenceRequest:
    return InferenceRequest(
        key=_key(params),
        prompts=(prompt,),
        negative_prompts=(params.negative_prompt,) if params.negative_prompt else (),
        seeds=(params.seed,),
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
        provenance=params.provenance,
    )


def _key(params: GenerationParams) -> PipelineKey:
    mode = PipelineMode.TEXT_TO_IMAGE
    if params.image:
        mode = PipelineMode.INPAINT if params.mask else PipelineMode.IMAGE_TO_IMAGE
    checkpoint = model_source(params.checkpoint) if params.checkpoint else ModelSource("none")
    return PipelineKey(
        checkpoint=checkpoint,
        controlnets=tuple(model_source(each.model) for each in params.controls),
        mode=mode,
    )
