"""`generation`."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from .base import ControlParams, LoraParams, Seed, TaskParams, Weights


class GenerationParams(TaskParams):
    """`generation`: a picture from a prompt, optionally from an image, inside a mask, under ControlNets."""

    task_type: Literal["generation"] = "generation"
    generator: str
    checkpoint: Weights | None
    prompt: str
    negative_prompt: str = ""
    seed: Seed
    width: int = Field(ge=8, multiple_of=8)
    height: int = Field(ge=8, multiple_of=8)
    num_inference_steps: int = Field(ge=1)
    guidance_scale: float = Field(ge=0)
    scheduler: str | None = None
    image: UUID | None = None
    mask: UUID | None = None
    strength: float | None = Field(default=None, ge=0, le=1)
    controls: tuple[ControlParams, ...] = ()
    loras: tuple[LoraParams, ...] = ()
