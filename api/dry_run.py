"""What a request would mean, cost and wait for, without making it."""

from dataclasses import replace
from typing import Any

from families.catalogue import resolve
from families.models import Workflow
from strategies.fleet import why_never
from strategies.places import Prospect, place_of_new
from strategies.pools import live_pools
from strategies.registry import get_strategy
from strategies.services.generations import require_age
from strategies.sizes import parameters_of_workflow
from strategies.tasktypes import QUEUES

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
    prospect = _prospect(user, strategy.task_types[0], resolution.workflow)
    return {**form, "price": float(form["price"]), "queue": ProspectSerializer(prospect).data}


def _prospect(user: User, task_type: str, workflow: Workflow) -> Prospect:
    """Its place, unless no pool could load its checkpoint."""
    prospect = place_of_new(user.pk, [task_type], workflow)
    needed = parameters_of_workflow(workflow, task_type)
    able = [pool for pool in prospect.pools if pool.capacity >= needed]
    if reason := why_never(QUEUES[task_type], needed, live_pools()):
        return Prospect(None, None, False, [reason], able)
    return replace(prospect, pools=able)
