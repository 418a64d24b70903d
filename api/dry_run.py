"""What a request would mean, cost and wait for, without making it."""

from dataclasses import asdict
from typing import Any

from families.catalogue import resolve
from strategies.queues import place_of_new
from strategies.registry import get_strategy
from strategies.services.generations import require_age

from .models import User


def dry_run(
    user: User, family: str, *, selection: dict[str, str], inputs: dict[str, Any], num_predictions: int
) -> dict[str, Any]:
    """`{selection, resolved, descriptors, price, queue}`.

    Raises: families.errors.CatalogueError, strategies.errors.RequestError.
    """
    resolution = resolve(family, selection, inputs)
    require_age(user, resolution.workflow)
    task_type = get_strategy(resolution.workflow.strategy).task_types[0]
    return {
        **resolution.as_dict(num_predictions),
        "price": float(resolution.price * num_predictions),
        "queue": asdict(place_of_new(task_type)),
    }
