"""`editing` and the `detail_enhancer` that follows it."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from .base import Params, Weights
from .drawing import DrawingParams


class AreaParams(DrawingParams):
    """A part of a picture to draw anew: a mask, or what a text names, or else all of it.

    `region_finder` is a CLIPSeg model; without one, coloured shapes are found.
    """

    base_image: UUID
    mask: UUID | None = None
    region: str | None = None
    region_finder: Weights | None = None
    strength: float = Field(ge=0, le=1)


class ReferenceParams(Params):
    """A picture to lay into the area; places and scale are fractions of the base picture."""

    image: UUID
    x: float | None = Field(default=None, ge=0, le=1)
    y: float | None = Field(default=None, ge=0, le=1)
    scale: float | None = Field(default=None, gt=0, le=1)


class EditingParams(AreaParams):
    """`editing`: part of a picture drawn anew, references laid into it first."""

    task_type: Literal["editing"] = "editing"
    references: tuple[ReferenceParams, ...] = ()


class DetailEnhancerParams(AreaParams):
    """`detail_enhancer`: what the step before made, or else the base image, redrawn gently in the area."""

    task_type: Literal["detail_enhancer"] = "detail_enhancer"
