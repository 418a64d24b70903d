"""Typed task parameters: one Pydantic model per task type, a union discriminated on `task_type`.

The API, the strategies and the workers speak these alike. Locations name weights (see `workers.weights`),
ids name stored assets and LoRAs; nothing here is a path a client could choose.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gpu.requests import MAX_ADAPTER_WEIGHT, MAX_CONTROL_SCALE

Seed = Annotated[int, Field(ge=0, lt=2**63)]


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Weights(Params):
    """Where a model comes from: `pocket:NAME`, a folder or file under the models folder, or a hub id."""

    location: str
    revision: str | None = None


class LoraParams(Params):
    """An adapter: authored (`location`) or uploaded (`lora`)."""

    location: str | None = None
    lora: UUID | None = None
    weight: float = Field(default=1.0, ge=-MAX_ADAPTER_WEIGHT, le=MAX_ADAPTER_WEIGHT)


class ControlParams(Params):
    """One ControlNet with its conditioning image."""

    model: Weights
    image: UUID
    preprocessor: str | None = None
    scale: float = Field(default=1.0, ge=0, le=MAX_CONTROL_SCALE)
    start: float = Field(default=0.0, ge=0, le=1)
    end: float = Field(default=1.0, ge=0, le=1)


class GenerationParams(Params):
    """`generation`: a picture from a prompt, optionally from an image, inside a mask, under ControlNets."""

    task_type: Literal["generation"] = "generation"
    generator: str
    checkpoint: Weights | None
    prompt: str
    negative_prompt: str = ""
    seed: Seed
    width: int = Field(ge=8, multiple_of=8)
    height: int = Field(ge=8, multiple_of=8)
    num_inference_steps: int = Field(ge=1)
    guidance_scale: float = Field(ge=0)
    scheduler: str | None = None
    image: UUID | None = None
    mask: UUID | None = None
    strength: float | None = Field(default=None, ge=0, le=1)
    controls: tuple[ControlParams, ...] = ()
    loras: tuple[LoraParams, ...] = ()
    provenance: dict[str, Any] = Field(default_factory=dict)


TaskParams = GenerationParams  # a second task type makes this a union discriminated on `task_type`
ADAPTER: TypeAdapter[TaskParams] = TypeAdapter(TaskParams)
PARAMS: dict[str, type[Params]] = {"generation": GenerationParams}


def parse(document: dict[str, Any]) -> TaskParams:
    """The typed parameters of a task row. Raises: pydantic.ValidationError."""
    return ADAPTER.validate_python(document)
