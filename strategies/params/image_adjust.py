"""`image_adjust`."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from gpu.adjust import MAX_DEGREES, MAX_FACTOR, MAX_TEMPERATURE

from .base import Params, TaskParams

Factor = Annotated[float, Field(ge=0, le=MAX_FACTOR)]


class SourceParams(Params):
    """A stored picture and what its file must be."""

    asset: UUID
    sha256: str


class CropParams(Params):
    """A rectangle in whole pixels of the source."""

    left: int = Field(ge=0)
    top: int = Field(ge=0)
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class ImageAdjustParams(TaskParams):
    """`image_adjust`: the steps of `gpu.adjust` on one picture."""

    task_type: Literal["image_adjust"] = "image_adjust"
    source: SourceParams
    crop: CropParams | None = None
    rotate: float = Field(default=0.0, ge=-MAX_DEGREES, le=MAX_DEGREES)
    auto_levels: bool = False
    temperature: float = Field(default=0.0, ge=-MAX_TEMPERATURE, le=MAX_TEMPERATURE)
    brightness: Factor = 1.0
    contrast: Factor = 1.0
    saturation: Factor = 1.0
    sharpness: Factor = 1.0
