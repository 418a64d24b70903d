"""`background_fix`."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from .drawing import DrawingParams

MAX_FEATHER = 64  # pixels


class BackgroundFixParams(DrawingParams):
    """`background_fix`: the subject stays; behind it a colour, nothing, or what the prompt says."""

    task_type: Literal["background_fix"] = "background_fix"
    base_image: UUID
    color: str | None = None
    transparent: bool = False
    feather: int = Field(default=0, ge=0, le=MAX_FEATHER)
