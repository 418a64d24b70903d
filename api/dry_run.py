"""What a request would mean, cost and wait for, without making it."""

from dataclasses import asdict
from typing import Any

from families.catalogue import resolve
from families.models.workflow import Rating
from strategies.errors import AgeVerificationRequired
from strategies.queues import place_of_new
from strategies.registry import get_strategy

from .models import User


def dry_run(
    user: User, family: str, *, selection: dict[str, str], inputs: dict[str, Any], num_predictions: int
) -> dict[str, Any]:
    """`{selection, resolved, descriptors, price, queue}`.

    Raises: families.errors.CatalogueError, strategies.errors.RequestError.
    """
    resolution = resolve(family, selection, inputs)
    if resolution.rating == Rating.ADULT and user.age_verified_at is None:
        raise AgeVerificationRequired(
            "This selection is for adults; an administrator can mark the account as age-verified."
        )
    task_type = get_strategy(resolution.workflow.strategy).task_types[0]
    return {
        **resolution.as_dict(num_predictions),
        "price": float(resolution.price * num_predictions),
        "queue": asdict(place_of_new(task_type)),
    }
