"""What comes of work: of a task, and of the chain of a prediction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from .loras import TrainedLora
from .models import Asset


@dataclass(frozen=True, slots=True)
class Output:
    """What a worker made: stored files (unsaved rows), their provenance, and what it measured.

    `seconds` are those of the work itself, `device_seconds` those until the device was free for other work.
    """

    assets: Sequence[Asset] = ()
    provenance: dict[str, Any] | None = None
    seconds: float = 0.0
    device_seconds: float | None = None
    logs: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    lora: TrainedLora | None = None


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
