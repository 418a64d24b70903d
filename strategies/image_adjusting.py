"""`image_adjusting`: a picture's tones and frame, changed by documented formulas. No GPU."""

from typing import Any

from pydantic import Field

from gpu.adjust import MAX_DEGREES, MAX_TEMPERATURE, Crop

from .assets import asset_from_reference
from .drawing import provenance_of
from .errors import InvalidInputs, one
from .inputs import Inputs, checked_inputs, stored_inputs
from .models import Asset, Generation, Prediction
from .params import ImageAdjustParams
from .params.image_adjust import CropParams, Factor, SourceParams
from .records import create_generation
from .signatures import TaskSignature, chain_signatures
from .strategy import Ask


class ImageAdjustingInputs(Inputs):
    """1.0 (factors) and 0 (temperature, rotate) change nothing."""

    base_image: str
    brightness: Factor = 1.0
    contrast: Factor = 1.0
    saturation: Factor = 1.0
    temperature: float = Field(default=0.0, ge=-MAX_TEMPERATURE, le=MAX_TEMPERATURE)
    sharpness: Factor = 1.0
    rotate: float = Field(default=0.0, ge=-MAX_DEGREES, le=MAX_DEGREES)
    crop: CropParams | None = None
    auto_levels: bool = False


class ImageAdjusting:
    """One `image_adjust` task per prediction; the source is kept, and the record says how to repeat it."""

    name = "image_adjusting"
    task_types = ("image_adjust",)
    inputs = ImageAdjustingInputs

    def validate(self, ask: Ask) -> dict[str, Any]:
        inputs = checked_inputs(ImageAdjustingInputs, ask)
        source = asset_from_reference(ask.owner, inputs.base_image, loc=("inputs", "base_image"))
        _demand_inside(inputs.crop, source)
        return stored_inputs(inputs, base_image=source)

    def create(self, ask: Ask, inputs: dict[str, Any]) -> tuple[Generation, list[Prediction]]:
        return create_generation(ask, strategy=self.name, inputs=inputs)

    def signatures(self, generation: Generation, predictions: list[Prediction]) -> list[TaskSignature]:
        inputs = ImageAdjustingInputs.model_validate(generation.inputs)
        source = Asset.objects.get(id=inputs.base_image)
        params = ImageAdjustParams(
            source=SourceParams(asset=source.id, sha256=source.sha256),
            provenance=provenance_of(generation),
            **inputs.model_dump(exclude={"base_image"}),
        )
        return chain_signatures(generation, predictions, lambda _: [params])


def _demand_inside(crop: CropParams | None, source: Asset) -> None:
    if crop and not Crop(**crop.model_dump()).fits(source.width, source.height):
        size = f"{source.width}×{source.height}"
        raise InvalidInputs(
            f"The crop leaves the picture, which is {size}; make it smaller or move it.",
            errors=one(("inputs", "crop"), f"must lie inside the picture ({size})", "outside_picture"),
        )
