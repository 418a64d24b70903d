"""`video`: a clip that begins with a picture, by Stable Video Diffusion."""

from typing import Any, Self

from django.conf import settings
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from families.contract import parse_contract
from gpu.clips import DEFAULT_CHUNK, MAX_FPS, MAX_FRAMES, MAX_MOTION, MAX_NOISE, MIN_FPS, MIN_FRAMES
from gpu.requests import MAX_GUIDANCE, MAX_PIXELS, MAX_STEPS

from .assets import asset_from_reference
from .inputs import Inputs, Size, parse_inputs
from .models import Generation, Prediction
from .params import VideoParams, Weights
from .records import create_generation
from .signatures import TaskSignature, task_signature
from .strategy import Ask


class VideoInputs(Inputs):
    """The defaults are those that Stable Video Diffusion was published with."""

    source_image: str
    num_frames: int = Field(default=14, ge=MIN_FRAMES, le=MAX_FRAMES)
    fps: int = Field(default=7, ge=MIN_FPS, le=MAX_FPS)
    motion_bucket_id: int = Field(default=127, ge=0, le=MAX_MOTION)
    noise_aug_strength: float = Field(default=0.02, ge=0, le=MAX_NOISE)
    width: Size = 1024
    height: Size = 576
    num_inference_steps: int = Field(default=25, ge=1, le=MAX_STEPS)
    min_guidance_scale: float = Field(default=1.0, ge=0, le=MAX_GUIDANCE)
    max_guidance_scale: float = Field(default=3.0, ge=0, le=MAX_GUIDANCE)
    decode_chunk_size: int = Field(default=DEFAULT_CHUNK, ge=1, le=MAX_FRAMES)

    @model_validator(mode="after")
    def _is_small_enough(self) -> Self:
        if self.width * self.height > MAX_PIXELS:
            raise PydanticCustomError(
                "too_many_pixels", "Width × height is too large; ask for a smaller clip."
            )
        return self


class Video:
    """One `video` task per prediction; its outputs are the clip and its first frame as a picture."""

    name = "video"
    task_types = ("video",)
    inputs = VideoInputs

    def validate(self, ask: Ask) -> dict[str, Any]:
        values = parse_contract(ask.workflow.contract).validate_inputs(ask.inputs)
        given = {key: value for key, value in values.items() if value is not None}
        inputs = parse_inputs(VideoInputs, given)
        source = asset_from_reference(ask.owner, inputs.source_image, loc=("inputs", "source_image"))
        stored = inputs.model_copy(update={"source_image": str(source.id)})
        return stored.model_dump(mode="json", exclude_none=True)

    def create(self, ask: Ask, inputs: dict[str, Any]) -> tuple[Generation, list[Prediction]]:
        return create_generation(ask, strategy=self.name, inputs=inputs)

    def signatures(self, generation: Generation, predictions: list[Prediction]) -> list[TaskSignature]:
        inputs = VideoInputs.model_validate(generation.inputs)
        return [
            task_signature(
                generation, prediction, _params(generation, inputs, prediction.seed),
                max_attempts=settings.MAX_ATTEMPTS,
            )
            for prediction in predictions
        ]  # fmt: skip


def _params(generation: Generation, inputs: VideoInputs, seed: int) -> VideoParams:
    workflow = generation.workflow
    location, revision = workflow.checkpoint, workflow.checkpoint_revision or None
    return VideoParams(
        generator=workflow.generator,
        checkpoint=Weights(location=location, revision=revision) if location else None,
        image=inputs.source_image,
        seed=seed,
        provenance={
            "generation": str(generation.id), "workflow": workflow.key, "version": workflow.version,
        },
        **inputs.model_dump(exclude={"source_image"}),
    )  # fmt: skip
