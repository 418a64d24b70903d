"""`base`: the strategy's tasks, once; the last one's output is the prediction's."""

from ..models import Generation, Prediction, Task
from ..outcome import Delivery, Output
from ..signatures import TaskSignature
from .generation_type import AgenticRules


class Base:
    """Straight to tasks."""

    def planned(
        self, generation: Generation, signatures: list[TaskSignature], rules: AgenticRules
    ) -> list[TaskSignature]:
        return signatures

    def step_succeeded(self, task: Task, output: Output) -> None:
        """The task's own row says enough."""

    def chain_succeeded(self, task: Task, output: Output) -> Delivery:
        return Delivery(
            [asset.id for asset in output.assets], {"provenance": output.provenance, "logs": output.logs}
        )

    def rescued(self, task: Task, reason: str) -> None:
        return None

    def made_by(self, prediction: Prediction) -> list[Task]:
        return list(prediction.tasks.order_by("step"))
