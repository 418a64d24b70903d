"""What a generation type is."""

from dataclasses import dataclass
from typing import Protocol

from ..models import Generation, Prediction, Task
from ..models.shot import Evaluator
from ..outcome import Delivery, Output
from ..signatures import TaskSignature


@dataclass(frozen=True, slots=True)
class AgenticRules:
    """How long an agentic prediction goes on, and who judges it."""

    max_attempts: int = 4
    min_confidence_score: float = 0.8
    evaluation_provider: Evaluator = Evaluator.CLIP


class GenerationType(Protocol):
    """Decides what follows in the chains of a generation; the lifecycle calls it, in its transactions."""

    def planned(
        self, generation: Generation, signatures: list[TaskSignature], rules: AgenticRules
    ) -> list[TaskSignature]:
        """The tasks to begin with, made of those of the strategy; writes whatever else this type records.

        Raises: strategies.errors.RequestError.
        """
        ...

    def step_succeeded(self, task: Task, output: Output) -> None:
        """Note what a step of a chain made."""
        ...

    def chain_succeeded(self, task: Task, output: Output) -> Delivery | list[TaskSignature]:
        """What comes of a chain whose last step is done: its prediction's end, or more steps."""
        ...

    def rescued(self, task: Task, reason: str) -> Delivery | None:
        """What a prediction can still be given although this task of it failed for good, and why it did."""
        ...

    def made_by(self, prediction: Prediction) -> list[Task]:
        """The tasks that made what the prediction was given, in order: what a replay repeats."""
        ...
