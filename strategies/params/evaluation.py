"""`evaluation`."""

from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gpu.requests import MAX_PROMPT

from ..models.shot import Evaluator
from .base import TaskParams, Weights


class EvaluationParams(TaskParams):
    """`evaluation`: how well a picture shows what a prompt says.

    Without an `image` it is the one that the step before made; `model` is for the evaluator `clip`, which
    without one takes that of the settings.
    """

    task_type: Literal["evaluation"] = "evaluation"
    evaluator: Evaluator
    prompt: str = Field(min_length=1, max_length=MAX_PROMPT)
    image: UUID | None = None
    model: Weights | None = None

    @property
    def missing_alone(self) -> str:
        return "" if self.image else "image"

    @property
    def is_remote(self) -> bool:
        return self.evaluator == Evaluator.VISION

    @model_validator(mode="after")
    def _model_of_clip(self) -> Self:
        if self.model is not None and self.evaluator != Evaluator.CLIP:
            raise PydanticCustomError(
                "model_of_clip", "A model is for the evaluator clip only; leave it out or take clip."
            )
        return self
