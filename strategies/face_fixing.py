"""`face_fixing`: each face of a picture drawn again; everything else stays, bit for bit."""

from typing import Any, Self

from pydantic import Field, model_validator

from .drawing import drawing_fields, picture_of
from .inputs import stored_inputs
from .models import Generation, Prediction
from .params import FaceFixParams
from .pieces import PieceInputs, checked_pieces
from .records import create_generation
from .signatures import TaskSignature, chain_signatures
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
        inputs = checked_pieces(FaceFixingInputs, ask)
        base = picture_of(ask.owner, inputs.base_image, "base_image")
        return stored_inputs(inputs, base_image=base)

    def create(self, ask: Ask, inputs: dict[str, Any]) -> tuple[Generation, list[Prediction]]:
        return create_generation(ask, strategy=self.name, inputs=inputs)

    def signatures(self, generation: Generation, predictions: list[Prediction]) -> list[TaskSignature]:
        inputs = FaceFixingInputs.model_validate(generation.inputs)
        return chain_signatures(
            generation, predictions, lambda prediction: [_params(generation, inputs, prediction.seed)]
        )


def _params(generation: Generation, inputs: FaceFixingInputs, seed: int) -> FaceFixParams:
    return FaceFixParams(
        **drawing_fields(generation, inputs, seed),
        tile_size=inputs.tile_size,
        strength=inputs.strength,
        base_image=inputs.base_image,
    )
