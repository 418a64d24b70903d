"""What a strategy is."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.contrib.auth.base_user import AbstractBaseUser
from pydantic import BaseModel

from families.models import Family, Workflow

from .models import Generation, Prediction
from .models.generation import Priority
from .signatures import TaskSignature


@dataclass(frozen=True, slots=True)
class Ask:
    """A request whose workflow is settled, before its inputs are checked."""

    owner: AbstractBaseUser
    workflow: Workflow
    inputs: dict[str, Any]
    seed: int
    family: Family | None = None
    selection: dict[str, str] = field(default_factory=dict)
    num_predictions: int = 1
    type: Generation.Type = Generation.Type.BASE
    priority: Priority = Priority.NORMAL
    not_before: datetime | None = None
    deadline: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    webhook: str = ""
    webhook_events_filter: list[str] = field(default_factory=list)
    request_id: str = ""


class Strategy(Protocol):
    """Turns an ask into rows and ordered, routed Celery signatures."""

    name: str
    task_types: tuple[str, ...]  # the first is the one every request takes; others depend on its inputs
    inputs: type[BaseModel]

    def validate(self, ask: Ask) -> dict[str, Any]:
        """The checked inputs, defaults filled in, images stored as assets. Slow parts (fetching) happen here.

        Raises: strategies.errors.RequestError.
        """
        ...

    def create(self, ask: Ask, inputs: dict[str, Any]) -> tuple[Generation, list[Prediction]]:
        """Write the generation, its predictions and whatever else this strategy records."""
        ...

    def signatures(self, generation: Generation, predictions: list[Prediction]) -> list[TaskSignature]:
        """Every prediction's ordered tasks, with typed parameters, each routed by its type."""
        ...
