"""What every task that draws is told."""

from pydantic import Field

from gpu.requests import MAX_ADAPTERS, MAX_GUIDANCE, MAX_PROMPT, MAX_STEPS

from .base import LoraParams, Seed, TaskParams, Weights


class DrawingParams(TaskParams):
    """Which model draws, from which words, how."""

    generator: str
    checkpoint: Weights | None
    vae: Weights | None = None
    prompt: str = Field(max_length=MAX_PROMPT)
    negative_prompt: str = Field(default="", max_length=MAX_PROMPT)
    seed: Seed
    num_inference_steps: int = Field(ge=1, le=MAX_STEPS)
    guidance_scale: float = Field(ge=0, le=MAX_GUIDANCE)
    scheduler: str | None = None
    loras: tuple[LoraParams, ...] = Field(default=(), max_length=MAX_ADAPTERS)
