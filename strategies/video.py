"""`video`: a clip that begins with a picture, by Stable Video Diffusion."""

from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gpu.clips import DEFAULT_CHUNK, MAX_FPS, MAX_FRAMES, MAX_MOTION, MAX_NOISE, MIN_FPS, MIN_FRAMES
from gpu.requests import MAX_GUIDANCE, MAX_PIXELS, MAX_STEPS

from .assets import asset_from_reference
from .authored import checkpoint_of
from .drawing import provenance_of
from .inputs import Inputs, checked_inputs, stored_inputs
from .models import Generation, Prediction
from .params import VideoParams
from .params.base import Side
from .records import create_generation
from .signatures import TaskSignature, chain_signatures
from .strategy import Ask


class VideoInputs(Inputs):
    """The defaults are those that Stable Video Diffusion was published with."""

    source_image: str
    num_frames: int = Field(default=14, ge=MIN_FRAMES, le=MAX_FRAMES)
    fps: int = Field(default=7, ge=MIN_FPS, le=MAX_FPS)
    motion_bucket_id: int = Field(default=127, ge=0, le=MAX_MOTION)
    noise_aug_strength: float = Field(default=0.02, ge=0, le=MAX_NOISE)
    width: Side = 1024
    height: Side = 576
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
        inputs = checked_inputs(VideoInputs, ask)
        source = asset_from_reference(ask.owner, inputs.source_image, loc=("inputs", "source_image"))
        return stored_inputs(inputs, source_image=source)

    def create(self, ask: Ask, inputs: dict[str, Any]) -> tuple[Generation, list[Prediction]]:
        return create_generation(ask, strategy=self.name, inputs=inputs)

    def signatures(self, generation: Generation, predictions: list[Prediction]) -> list[TaskSignature]:
        inputs = VideoInputs.model_validate(generation.inputs)
        return chain_signatures(
            generation, predictions, lambda prediction: [_params(generation, inputs, prediction.seed)]
        )


def _params(generation: Generation, inputs: VideoInputs, seed: int) -> VideoParams:
    return VideoParams(
        generator=generation.workflow.generator,
        checkpoint=checkpoint_of(generation.workflow),
        image=inputs.source_image,
        seed=seed,
        provenance=provenance_of(generation),
        **inputs.model_dump(exclude={"source_image"}),
    )
