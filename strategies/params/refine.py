"""`refine` and `face_fix`: pieces of a picture drawn again from what they are."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from .drawing import DrawingParams


class PieceParams(DrawingParams):
    """How each piece is drawn: as a square of `tile_size` pixels, changed as much as `strength` says."""

    tile_size: int = Field(ge=64, multiple_of=8)
    strength: float = Field(gt=0, le=1)


class RefineParams(PieceParams):
    """`refine`: the picture enlarged, and drawn again tile by tile."""

    task_type: Literal["refine"] = "refine"
    base_image: UUID
    scale: Literal[2, 4]
    overlap: int = Field(ge=1)


class FaceFixParams(PieceParams):
    """`face_fix`: each face drawn again; of the step before, where there is no base image."""

    task_type: Literal["face_fix"] = "face_fix"
    base_image: UUID | None = None
