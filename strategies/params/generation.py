"""`generation`."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from .base import ControlParams, Params, Side, Weights
from .drawing import DrawingParams


class EncodingParams(Params):
    """How the picture is written; see `gpu.images.Encoding`."""

    format: Literal["png", "webp", "jpeg"] = "png"
    quality: int | None = Field(default=None, ge=1, le=100)
    level: int = Field(default=1, ge=0, le=9)


class RefinerParams(Params):
    """The checkpoint that draws from `start`, a share of the steps, to the end."""

    model: Weights
    start: float = Field(gt=0, lt=1)


class GenerationParams(DrawingParams):
    """`generation`: a picture from a prompt, optionally from an image, inside a mask, under ControlNets."""

    task_type: Literal["generation"] = "generation"
    prompt_of_step_before: bool = False  # what the step before wrote, instead of `prompt`
    width: Side
    height: Side
    image: UUID | None = None
    mask: UUID | None = None
    strength: float | None = Field(default=None, ge=0, le=1)
    controls: tuple[ControlParams, ...] = ()
    refiner: RefinerParams | None = None
    encoding: EncodingParams = EncodingParams()

    @property
    def missing_alone(self) -> str:
        return "prompt" if self.prompt_of_step_before else ""

    @property
    def work(self) -> float:
        """Millions of pixels times steps."""
        return self.width * self.height * self.num_inference_steps / 1e6
