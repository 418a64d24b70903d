"""What comes of work: of a task, and of the chain of a prediction."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

from .loras import TrainedLora
from .models import Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a task beside its files: their provenance, what it measured, a LoRA that it trained.

    `seconds` are those of the work itself, `device_seconds` those until the device was free for other work,
    without the `load_seconds` if its model had to be loaded.
    """

    provenance: dict[str, Any] | None = None
    seconds: float = 0.0
    device_seconds: float | None = None
    load_seconds: float | None = None
    logs: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    lora: TrainedLora | None = None

    def beside_files(self) -> dict[str, Any]:
        """These fields, for the outcome that follows."""
        return {each.name: getattr(self, each.name) for each in fields(Outcome)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(Outcome):
    """What a worker made: its files are stored, their rows unsaved."""

    assets: Sequence[Asset] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task failed and whether another attempt may help."""

    code: str
    detail: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a prediction ends with: stored assets, and fields of its row."""

    assets: Sequence[UUID] = ()
    fields: dict[str, Any] = field(default_factory=dict)
