"""`background_fixing`: the subject stays as it is, bit for bit; what is behind it is replaced."""

from typing import Any, Self

from PIL import ImageColor
from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gpu.requests import MAX_PROMPT

from .drawing import check_drawing, drawing_fields
from .editing import base_picture
from .inputs import DrawingInputs, checked_inputs, stored_inputs
from .models import Generation, Prediction
from .params import BackgroundFixParams
from .params.background_fix import MAX_FEATHER
from .records import create_generation
from .signatures import TaskSignature, chain_signatures
from .strategy import Ask


class BackgroundFixingInputs(DrawingInputs):
    """What goes behind the subject: one of `prompt`, `color` and `transparent`."""

    base_image: str
    prompt: str = Field(default="", max_length=MAX_PROMPT)
    color: str | None = Field(default=None, max_length=40)
    transparent: bool = False
    feather: int = Field(default=0, ge=0, le=MAX_FEATHER)

    @field_validator("color")
    @classmethod
    def _is_a_color(cls, value: str | None) -> str | None:
        """As #rrggbb, whatever CSS spelling it came in."""
        if value is None:
            return None
        try:
            red, green, blue = ImageColor.getrgb(value)[:3]
        except ValueError:
            raise PydanticCustomError(
                "color", "The colour must be spelled as in CSS: #1e90ff, rgb(30, 144, 255) or dodgerblue."
            ) from None
        return f"#{red:02x}{green:02x}{blue:02x}"

    @model_validator(mode="after")
    def _is_one_background(self) -> Self:
        if bool(self.prompt.strip()) + (self.color is not None) + self.transparent != 1:
            raise PydanticCustomError(
                "one_background", "Say what goes behind: give one of prompt, color and transparent."
            )
        return self


class BackgroundFixing:
    """One `background_fix` task per prediction."""

    name = "background_fixing"
    task_types = ("background_fix",)
    inputs = BackgroundFixingInputs

    def validate(self, ask: Ask) -> dict[str, Any]:
        inputs = checked_inputs(BackgroundFixingInputs, ask)
        check_drawing(ask, inputs)
        return stored_inputs(inputs, base_image=base_picture(ask, inputs.base_image))

    def create(self, ask: Ask, inputs: dict[str, Any]) -> tuple[Generation, list[Prediction]]:
        return create_generation(ask, strategy=self.name, inputs=inputs)

    def signatures(self, generation: Generation, predictions: list[Prediction]) -> list[TaskSignature]:
        inputs = BackgroundFixingInputs.model_validate(generation.inputs)
        return chain_signatures(
            generation, predictions, lambda prediction: [_params(generation, inputs, prediction.seed)]
        )


def _params(generation: Generation, inputs: BackgroundFixingInputs, seed: int) -> BackgroundFixParams:
    fields = drawing_fields(generation, inputs, seed)
    if not inputs.prompt.strip():
        fields["prompt"] = ""  # an author's prefix alone would have something drawn
    return BackgroundFixParams(
        **fields,
        base_image=inputs.base_image,
        color=inputs.color,
        transparent=inputs.transparent,
        feather=inputs.feather,
    )
