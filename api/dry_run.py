"""What a request would mean, cost and wait for, without making it."""

from typing import Any

from families.catalogue import resolve
from strategies.places import place_of_new
from strategies.registry import get_strategy
from strategies.services.generations import require_age

from .models import User
from .serializers.catalogue import ProspectSerializer


def dry_run(
    user: User, family: str, *, selection: dict[str, str], inputs: dict[str, Any], num_predictions: int
) -> dict[str, Any]:
    """`{selection, resolved, descriptors, price, queue}`.

    Raises: families.errors.CatalogueError, strategies.errors.RequestError.
    """
    resolution = resolve(family, selection)
    require_age(user, resolution.workflow)  # before its contract is told
    form = resolution.form(inputs, num_predictions)
    strategy = get_strategy(resolution.workflow.strategy)
    prospect = place_of_new(user.pk, strategy.task_types[:1], resolution.workflow)
    return {**form, "price": float(form["price"]), "queue": ProspectSerializer(prospect).data}
