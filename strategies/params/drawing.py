"""What every task that draws is told."""

from pydantic import Field

from .base import LoraParams, Seed, TaskParams, Weights


class DrawingParams(TaskParams):
    """Which model draws, from which words, how."""

    generator: str
    checkpoint: Weights | None
    vae: Weights | None = None
    prompt: str
    negative_prompt: str = ""
    seed: Seed
    num_inference_steps: int = Field(ge=1)
    guidance_scale: float = Field(ge=0)
    scheduler: str | None = None
    loras: tuple[LoraParams, ...] = ()
