"""`face_fixing`: each face of a picture drawn again; everything else stays, bit for bit."""

from typing import Any, Self

from django.conf import settings
from pydantic import Field, model_validator

from .drawing import drawing_fields, picture_of
from .models import Generation, Prediction
from .params import FaceFixParams
from .pieces import PieceInputs, checked_inputs
from .records import create_generation
from .signatures import TaskSignature, task_signature
from .strategy import Ask

STRENGTH = 0.4


class FaceFixingInputs(PieceInputs):
    """Faces are redrawn at the size of a tile."""

    strength: float = Field(default=STRENGTH, gt=0, le=1)

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        self.needs_a_step(self.strength)
        return self


class FaceFixing:
    """One `face_fix` task per prediction. A picture without a face comes back as it is."""

    name = "face_fixing"
    task_types = ("face_fix",)
    inputs = FaceFixingInputs

    def validate(self, ask: Ask) -> dict[str, Any]:
        inputs = checked_inputs(FaceFixingInputs, ask)
        base = picture_of(ask.owner, inputs.base_image, "base_image")
        return inputs.model_copy(update={"base_image": str(base.id)}).model_dump(
            mode="json", exclude_none=True
        )

    def create(self, ask: Ask, inputs: dict[str, Any]) -> tuple[Generation, list[Prediction]]:
        return create_generation(ask, strategy=self.name, inputs=inputs)

    def signatures(self, generation: Generation, predictions: list[Prediction]) -> list[TaskSignature]:
        inputs = FaceFixingInputs.model_validate(generation.inputs)
        return [
            task_signature(
                generation, prediction,
                FaceFixParams(
                    **drawing_fields(generation, inputs, prediction.seed), tile_size=inputs.tile_size,
                    strength=inputs.strength, base_image=inputs.base_image,
                ),
                max_attempts=settings.MAX_ATTEMPTS,
            )
            for prediction in predictions
        ]  # fmt: skip
