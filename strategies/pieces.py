"""What `refine` and `face_fixing` have in common: a base image, of which pieces are drawn again."""

from typing import TypeVar

from pydantic import Field

from gpu.requests import MAX_PROMPT

from .drawing import check_drawing, refuse
from .inputs import DrawingInputs, checked_inputs
from .params.base import Side
from .strategy import Ask


class PieceInputs(DrawingInputs):
    """The base image is a reference: an asset id, an https URL or a data URI."""

    base_image: str
    prompt: str = Field(default="", max_length=MAX_PROMPT)
    tile_size: Side


Model = TypeVar("Model", bound=PieceInputs)


def checked_pieces(model: type[Model], ask: Ask) -> Model:
    """As `checked_inputs`, with what the author's recipe allows. Raises: InvalidInputs."""
    inputs = checked_inputs(model, ask)
    check_drawing(ask, inputs)
    if ask.workflow.controlnets:
        refuse("draws without ControlNets, but its author gave it some", "base_image")
    return inputs
