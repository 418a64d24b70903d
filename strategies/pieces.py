"""What `refine` and `face_fixing` have in common: a base image, of which pieces are drawn again."""

from typing import Any, TypeVar

from pydantic import Field

from families.contract import parse_contract
from gpu.requests import MAX_PROMPT

from .drawing import check_drawing, refuse
from .inputs import DrawingInputs, Size, parse_inputs
from .strategy import Ask


class PieceInputs(DrawingInputs):
    """The base image is a reference: an asset id, an https URL or a data URI."""

    base_image: str
    prompt: str = Field(default="", max_length=MAX_PROMPT)
    tile_size: Size


Model = TypeVar("Model", bound=PieceInputs)


def checked_inputs(model: type[Model], ask: Ask) -> Model:
    """The inputs, typed, with the defaults of the contract. Raises: InvalidInputs."""
    values: dict[str, Any] = parse_contract(ask.workflow.contract).validate_inputs(ask.inputs)
    inputs = parse_inputs(model, {key: value for key, value in values.items() if value is not None})
    check_drawing(ask, inputs)
    if ask.workflow.controlnets:
        refuse("draws without ControlNets, but its author gave it some", "base_image")
    return inputs
