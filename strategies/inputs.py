"""The inputs of strategies that draw, typed, with the limits no contract may exceed."""

from math import sqrt
from typing import Any, Literal, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from families.contract import Contract, parse_contract
from gpu.requests import (
    DEFAULT_STRENGTH,
    MAX_ADAPTER_WEIGHT,
    MAX_ADAPTERS,
    MAX_CONTROL_SCALE,
    MAX_GUIDANCE,
    MAX_PIXELS,
    MAX_PROMPT,
    MAX_SIDE,
    MAX_STEPS,
    MIN_SIDE,
    SIZE_MULTIPLE,
    PipelineMode,
)
from gpu.schedulers import SCHEDULERS

from .errors import InvalidInputs, Problem
from .models import Asset
from .params.base import Side
from .strategy import Ask
from .templates import check_template

Model = TypeVar("Model", bound=BaseModel)


class Inputs(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=False)


class ControlImage(Inputs):
    """A conditioning image; the i-th belongs to the workflow's i-th ControlNet."""

    image: str
    scale: float | None = Field(default=None, ge=0, le=MAX_CONTROL_SCALE)
    start: float = Field(default=0.0, ge=0, le=1)
    end: float = Field(default=1.0, ge=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> "ControlImage":
        if self.start >= self.end:
            raise PydanticCustomError("empty_interval", "The start of a control must lie before its end.")
        return self

    @model_validator(mode="before")
    @classmethod
    def _bare_reference(cls, value: Any) -> Any:
        return {"image": value} if isinstance(value, str) else value


class LoraInput(Inputs):
    """An uploaded LoRA and how strongly it speaks."""

    lora: UUID
    weight: float = Field(default=1.0, ge=-MAX_ADAPTER_WEIGHT, le=MAX_ADAPTER_WEIGHT)


class DrawingInputs(Inputs):
    """What every drawing takes. Images are references: an asset id, an https URL or a data URI."""

    prompt: str = Field(min_length=1, max_length=MAX_PROMPT)
    negative_prompt: str = Field(default="", max_length=MAX_PROMPT)
    num_inference_steps: int = Field(ge=1, le=MAX_STEPS)
    guidance_scale: float = Field(ge=0, le=MAX_GUIDANCE)
    scheduler: str | None = Field(default=None, max_length=40)
    loras: tuple[LoraInput, ...] = Field(default=(), max_length=MAX_ADAPTERS)

    @model_validator(mode="after")
    def _scheduler_is_known(self) -> Self:
        if self.scheduler is not None and self.scheduler not in SCHEDULERS:
            raise PydanticCustomError(
                "unknown_scheduler",
                "There is no such scheduler; use one of {known}.",
                {"known": ", ".join(sorted(SCHEDULERS))},
            )
        return self

    def needs_a_step(self, strength: float) -> None:
        """Raises: PydanticCustomError where an image at this strength would not be changed at all."""
        if int(self.num_inference_steps * strength) < 1:
            raise PydanticCustomError(
                "nothing_to_do", "Strength × steps leaves no step to do; raise one of them."
            )


class TextToImageInputs(DrawingInputs):
    """What a picture is made from.

    An aspect ratio gives the picture its shape; width × height then say only how many pixels it has.
    """

    prompt_template: str | None = Field(default=None, max_length=MAX_PROMPT)
    generate_prompt: bool = False
    width: Side
    height: Side
    aspect_ratio: str | None = Field(default=None, pattern=r"^[1-9]\d{0,2}:[1-9]\d{0,2}$")
    image: str | None = None
    strength: float | None = Field(default=None, ge=0, le=1)
    mask: str | None = None
    control_images: tuple[ControlImage, ...] = Field(default=(), max_length=8)
    output_format: Literal["png", "webp", "jpeg"] | None = None
    output_quality: int | None = Field(default=None, ge=1, le=100)
    output_level: int | None = Field(default=None, ge=0, le=9)

    @property
    def writes_prompt(self) -> bool:
        """Whether the text to draw from is written first, out of the prompt."""
        return self.generate_prompt or self.prompt_template is not None

    @field_validator("prompt_template")
    @classmethod
    def _known_fields(cls, template: str | None) -> str | None:
        return template and check_template(template)

    @model_validator(mode="after")
    def _one_writer(self) -> Self:
        if self.prompt_template is not None and self.generate_prompt:
            raise PydanticCustomError(
                "two_writers", "A template is filled in, or a language model writes; ask for one of them."
            )
        return self

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.mask is not None and self.image is None:
            raise PydanticCustomError("mask_without_image", "A mask needs an image to apply to; give both.")
        if self.strength is not None and self.image is None:
            raise PydanticCustomError("strength_without_image", "A strength needs an image to start from.")
        if self.image is not None:
            mode = PipelineMode.INPAINT if self.mask else PipelineMode.IMAGE_TO_IMAGE
            self.needs_a_step(DEFAULT_STRENGTH[mode] if self.strength is None else self.strength)
        width, height = self.size
        if min(width, height) < MIN_SIDE or max(width, height) > MAX_SIDE:
            raise PydanticCustomError(
                "too_narrow", "The aspect ratio is too extreme for a picture of this size; pick a milder one."
            )
        if width * height > MAX_PIXELS:
            raise PydanticCustomError(
                "too_many_pixels", "Width × height is too large; ask for a smaller picture."
            )
        return self

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        if self.aspect_ratio is None:
            return self.width, self.height
        across, down = map(int, self.aspect_ratio.split(":"))
        unit = sqrt(self.width * self.height / (across * down))
        return _whole_cells(across * unit), _whole_cells(down * unit)


def _whole_cells(side: float) -> int:
    return round(side / SIZE_MULTIPLE) * SIZE_MULTIPLE


def parse_inputs(model: type[Model], values: dict[str, Any]) -> Model:
    """The typed inputs. Raises: InvalidInputs naming every field that is wrong."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = [
            Problem(loc=["inputs", *problem["loc"]], msg=problem["msg"], type=problem["type"])
            for problem in error.errors()
        ]
        raise InvalidInputs("Some inputs cannot be used; see errors.", errors=problems) from error


def checked_inputs(model: type[Model], ask: Ask) -> Model:
    """What the client sent, held to the workflow's contract, then to the strategy's own limits.

    Raises: families.errors.InvalidInputs, strategies.errors.InvalidInputs: each names every wrong field.
    """
    return parse_inputs(model, contract_values(parse_contract(ask.workflow.contract), ask))


def contract_values(contract: Contract, ask: Ask) -> dict[str, Any]:
    """What the client sent, with the defaults of the contract and without what is left open."""
    values = contract.validate_inputs(ask.inputs)
    return {key: value for key, value in values.items() if value is not None}


def stored_inputs(inputs: Inputs, **pictures: Asset) -> dict[str, Any]:
    """The inputs as a generation keeps them: each of these pictures by its id."""
    update = {key: str(asset.id) for key, asset in pictures.items()}
    return inputs.model_copy(update=update).model_dump(mode="json", exclude_none=True)
