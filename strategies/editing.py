"""`editing`: part of a picture drawn anew, everything else kept bit for bit."""

from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from families.contract import Contract, parse_contract
from gpu.requests import MAX_PIXELS, MAX_SIDE, drawable_size

from .drawing import check_drawing, drawing_fields, id_of, picture_of
from .errors import InvalidImage, InvalidInputs, one
from .inputs import DrawingInputs, Inputs, contract_values, parse_inputs
from .models import Asset, Generation, Prediction
from .params import DetailEnhancerParams, EditingParams, ReferenceParams, TaskParams, Weights
from .records import create_generation
from .signatures import TaskSignature, chain_signatures
from .strategy import Ask

AREA_STRENGTH = 1.0  # inside a mask or region nothing of the old is wanted
WHOLE_STRENGTH = 0.6  # without either, the picture should still be the one that was sent
REFERENCE_STRENGTH = 0.5  # enough to melt a reference in, not enough to lose it
MAX_REFERENCES = 4
SHAPES, CLIPSEG = "shapes", "clipseg:"  # finders: the one built in, and the models named after the prefix


class ReferenceImage(Inputs):
    """A picture to lay into the area; `x`, `y`, its middle, and `scale`, its width, in parts of the base.

    The reference of the picture alone will do.
    """

    image: str
    x: float | None = Field(default=None, ge=0, le=1)
    y: float | None = Field(default=None, ge=0, le=1)
    scale: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="before")
    @classmethod
    def _bare_reference(cls, value: Any) -> Any:
        return {"image": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_both(self) -> Self:
        if (self.x is None) != (self.y is None):
            raise PydanticCustomError("half_a_position", "A position has x and y; give both or none.")
        return self


class EditingInputs(DrawingInputs):
    """What is changed where."""

    base_image: str
    mask: str | None = None
    region: str | None = Field(default=None, min_length=1, max_length=200)
    region_finder: str = Field(default=SHAPES, max_length=400, pattern=rf"^({SHAPES}|{CLIPSEG}.+)$")
    reference_images: tuple[ReferenceImage, ...] = Field(default=(), max_length=MAX_REFERENCES)
    strength: float | None = Field(default=None, ge=0, le=1)
    detail_strength: float = Field(default=0.3, ge=0, le=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.mask is not None and self.region is not None:
            raise PydanticCustomError("mask_and_region", "Give a mask or a region, not both.")
        self.needs_a_step(self.edit_strength)
        if self.reference_images:
            self.needs_a_step(self.detail_strength)
        return self

    @property
    def edit_strength(self) -> float:
        """What was asked for, or what suits the task."""
        if self.strength is not None:
            return self.strength
        if self.reference_images:
            return REFERENCE_STRENGTH
        return WHOLE_STRENGTH if self.mask is None and self.region is None else AREA_STRENGTH


class Editing:
    """One `editing` task per prediction; where references were laid in, a `detail_enhancer` follows."""

    name = "editing"
    task_types = ("editing", "detail_enhancer")
    inputs = EditingInputs

    def validate(self, ask: Ask) -> dict[str, Any]:
        contract = parse_contract(ask.workflow.contract)
        _finder_is_authored(contract)
        inputs = parse_inputs(EditingInputs, contract_values(contract, ask))
        check_drawing(ask, inputs)
        return self._stored(ask, inputs).model_dump(mode="json", exclude_none=True)

    def _stored(self, ask: Ask, inputs: EditingInputs) -> EditingInputs:
        base = base_picture(ask, inputs.base_image)
        mask = picture_of(ask.owner, inputs.mask, "mask") if inputs.mask else None
        if mask and (mask.width, mask.height) != (base.width, base.height):
            raise InvalidImage(
                f"The mask is {mask.width}×{mask.height}, the base image {base.width}×{base.height};"
                " send a mask of the same size.",
                errors=one(("inputs", "mask"), f"must be {base.width}×{base.height}", "size_differs"),
            )
        references = tuple(
            item.model_copy(update={"image": _id(ask, item.image, "reference_images", position)})
            for position, item in enumerate(inputs.reference_images)
        )
        return inputs.model_copy(
            update={
                "base_image": str(base.id),
                "mask": str(mask.id) if mask else None,
                "reference_images": references,
            }
        )

    def create(self, ask: Ask, inputs: dict[str, Any]) -> tuple[Generation, list[Prediction]]:
        return create_generation(ask, strategy=self.name, inputs=inputs)

    def signatures(self, generation: Generation, predictions: list[Prediction]) -> list[TaskSignature]:
        inputs = EditingInputs.model_validate(generation.inputs)
        return chain_signatures(
            generation, predictions, lambda prediction: _chain(generation, inputs, prediction.seed)
        )


def base_picture(ask: Ask, reference: str) -> Asset:
    """The picture that is worked on, of a size that can be drawn. Raises: InvalidImage."""
    base = picture_of(ask.owner, reference, "base_image")
    width, height = drawable_size(base.width, base.height)
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise InvalidImage(
            f"The base image is {base.width}×{base.height}; at most {MAX_PIXELS:,} pixels and {MAX_SIDE} on a"
            " side can be drawn, so scale it down.",
            errors=one(("inputs", "base_image"), "has too many pixels to be drawn", "too_large"),
        )
    return base


def _chain(generation: Generation, inputs: EditingInputs, seed: int) -> list[TaskParams]:
    area = {
        **drawing_fields(generation, inputs, seed),
        "base_image": id_of(inputs.base_image),
        "mask": id_of(inputs.mask),
        "region": inputs.region,
        "region_finder": _finder(inputs.region_finder),
    }
    references = tuple(
        ReferenceParams(**item.model_dump(exclude={"image"}), image=item.image)
        for item in inputs.reference_images
    )
    chain: list[TaskParams] = [EditingParams(**area, strength=inputs.edit_strength, references=references)]
    if references:
        chain.append(DetailEnhancerParams(**area, strength=inputs.detail_strength))
    return chain


def _finder(name: str) -> Weights | None:
    """`clipseg:LOCATION`, for one from the hub with `@REVISION`; None for the shapes."""
    if name == SHAPES:
        return None
    location, _, revision = name.removeprefix(CLIPSEG).partition("@")
    return Weights(location=location, revision=revision or None)


def _id(ask: Ask, reference: str, *loc: str | int) -> str:
    return str(picture_of(ask.owner, reference, *loc, "image").id)


def _finder_is_authored(contract: Contract) -> None:
    """A finder may be a model on a worker's disk: the author lists the names, no client types one."""
    for spec in contract.inputs:
        if spec.key == "region_finder" and spec.kind != "dropdown":
            raise InvalidInputs(
                "This workflow lets clients type the name of a region finder; its author must make it a"
                " drop-down.",
                errors=one(("inputs", "region_finder"), "must be a drop-down", "wrong_kind"),
            )
