"""`refine` and `face_fix`: pieces of a picture drawn again from what they are."""

from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from .base import Side
from .drawing import DrawingParams

MAX_REFINED_PIXELS = 2**25  # of the result: with 128 px tiles on two CPU cores under a task's time limit


class PieceParams(DrawingParams):
    """How each piece is drawn: as a square of `tile_size` pixels, changed as much as `strength` says."""

    tile_size: Side
    strength: float = Field(gt=0, le=1)


class RefineParams(PieceParams):
    """`refine`: the picture enlarged, and drawn again tile by tile."""

    task_type: Literal["refine"] = "refine"
    base_image: UUID
    scale: Literal[2, 4]
    overlap: int = Field(ge=1)

    @model_validator(mode="after")
    def _tiles_fit(self) -> Self:
        if self.overlap > self.tile_size // 3:
            raise PydanticCustomError("overlap", "Tiles may overlap by a third of their size at most.")
        return self


class FaceFixParams(PieceParams):
    """`face_fix`: each face drawn again; of the step before, where there is no base image."""

    task_type: Literal["face_fix"] = "face_fix"
    base_image: UUID | None = None

    @property
    def missing_alone(self) -> str:
        return "" if self.base_image else "base_image"
