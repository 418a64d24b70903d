"""What task parameters are made of."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from gpu.requests import MAX_ADAPTER_WEIGHT, MAX_CONTROL_SCALE, MAX_SIDE, MIN_SIDE, SIZE_MULTIPLE

Seed = Annotated[int, Field(ge=0, lt=2**63)]
Side = Annotated[int, Field(ge=MIN_SIDE, le=MAX_SIDE, multiple_of=SIZE_MULTIPLE)]  # of a picture, in pixels


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


class TaskParams(Params):
    """The parameters of one task type; each model fixes its `task_type` as a Literal."""

    task_type: str
    provenance: dict[str, Any] = Field(default_factory=dict)

    @property
    def missing_alone(self) -> str:
        """The parameter that a task by itself lacks, because a step before it would have said it."""
        return ""

    @property
    def is_remote(self) -> bool:
        """Whether another server does the work: such a task waits where it holds up no pixels."""
        return False

    @property
    def work(self) -> float:
        """What the time of such a task grows with, in any unit: `strategies.rates` measures its worth."""
        return 1.0
