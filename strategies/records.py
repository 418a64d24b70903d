"""The rows every strategy writes."""

from typing import Any

from .models import Generation, Prediction, Refine
from .strategy import Ask


def create_generation(
    ask: Ask, *, strategy: str, inputs: dict[str, Any], version: int | None = None
) -> tuple[Generation, list[Prediction]]:
    """A generation and its predictions (seed, seed + 1, …), two inserts however many there are.

    Parameters: `version` of the workflow; its present one unless given.
    """
    generation = Generation.objects.create(
        owner=ask.owner,
        strategy=strategy,
        family=ask.family,
        workflow=ask.workflow,
        workflow_version=ask.workflow.version if version is None else version,
        selection=ask.selection,
        inputs=inputs,
        rating=ask.workflow.rating,
        seed=ask.seed,
        num_predictions=ask.num_predictions,
        type=ask.type,
        priority=ask.priority,
        not_before=ask.not_before,
        deadline=ask.deadline,
        metadata=ask.metadata,
        webhook=ask.webhook,
        webhook_events_filter=ask.webhook_events_filter,
        request_id=ask.request_id,
    )
    generation.parts = Prediction.objects.bulk_create(
        Prediction(generation=generation, index=index, seed=ask.seed + index)
        for index in range(ask.num_predictions)
    )
    return generation, generation.parts


def copy_records(old: Prediction, new: Prediction) -> None:
    """What a strategy recorded of a prediction, for one that repeats it."""
    for row in Refine.objects.filter(prediction=old):
        row.prediction = new
        row.save(force_insert=True)
