"""`training`."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from gpu.requests import MAX_PROMPT
from gpu.training_requests import MAX_RANK, MAX_TRAIN_IMAGES, MAX_TRAIN_STEPS

from .base import Seed, TaskParams, Weights


class TrainingParams(TaskParams):
    """`training`: a LoRA of a subject from its pictures, and pictures drawn with it to look at."""

    task_type: Literal["training"] = "training"
    checkpoint: Weights
    subject: UUID
    images: tuple[UUID, ...] = Field(min_length=1, max_length=MAX_TRAIN_IMAGES)
    prompt: str = Field(min_length=1, max_length=MAX_PROMPT, description="what every picture shows")
    num_train_steps: int = Field(ge=1, le=MAX_TRAIN_STEPS)
    rank: int = Field(ge=1, le=MAX_RANK)
    learning_rate: float = Field(gt=0, le=1)
    seed: Seed
    validation_prompts: tuple[str, ...] = Field(default=(), max_length=4)
    num_inference_steps: int = Field(default=30, ge=1)
    guidance_scale: float = Field(default=5.0, ge=0)

    @property
    def work(self) -> float:
        """Steps."""
        return float(self.num_train_steps)
