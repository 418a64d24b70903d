"""`video`."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from gpu.clips import DEFAULT_CHUNK, MAX_FPS, MAX_FRAMES, MAX_MOTION, MAX_NOISE, MIN_FPS, MIN_FRAMES
from gpu.requests import MAX_GUIDANCE, MAX_STEPS

from .base import Seed, Side, TaskParams, Weights


class VideoParams(TaskParams):
    """`video`: a clip that begins with a picture."""

    task_type: Literal["video"] = "video"
    generator: str
    checkpoint: Weights | None
    image: UUID
    seed: Seed
    width: Side
    height: Side
    num_frames: int = Field(ge=MIN_FRAMES, le=MAX_FRAMES)
    fps: int = Field(ge=MIN_FPS, le=MAX_FPS)
    motion_bucket_id: int = Field(ge=0, le=MAX_MOTION)
    noise_aug_strength: float = Field(ge=0, le=MAX_NOISE)
    num_inference_steps: int = Field(ge=1, le=MAX_STEPS)
    min_guidance_scale: float = Field(ge=0, le=MAX_GUIDANCE)
    max_guidance_scale: float = Field(ge=0, le=MAX_GUIDANCE)
    decode_chunk_size: int = Field(default=DEFAULT_CHUNK, ge=1, le=MAX_FRAMES)

    @property
    def work(self) -> float:
        """Millions of pixels, of every frame, times steps."""
        return self.width * self.height * self.num_frames * self.num_inference_steps / 1e6
