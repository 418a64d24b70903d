"""Steps that lifecycle tests take again and again."""

from strategies import lifecycle
from strategies.lifecycle import Claim, Output
from strategies.models import Asset, Task


def claim(queue: str = "generation", worker: str = "w1@here", lease: float = 60) -> Claim | None:
    return lifecycle.claim(queue=queue, worker=worker, device="cpu", lease_seconds=lease)


def output_of(task: Task, *, index: int = 0, seconds: float = 0.5, **measured: float | None) -> Output:
    """An output as a processor returns it; its picture is a name only."""
    asset = Asset(
        owner_id=task.owner_id,
        prediction_id=task.prediction_id,
        task_id=task.id,
        index=index,
        file=f"outputs/{task.id}-{index}.png",
        content_type="image/png",
        width=64,
        height=64,
        size=1,
        sha256="0" * 64,
    )
    return Output(assets=[asset], provenance={"seed": 1}, seconds=seconds, **measured)
