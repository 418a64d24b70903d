"""Where predictions stand, and when their results will be there."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from families.models import Workflow

from .fleet import pool_states, why_unserved, working
from .forecast import Start
from .models import Prediction, Status, Task
from .models.generation import Priority
from .pools import PoolReport
from .queue_view import QueueView, view_of
from .tasktypes import QUEUES

PROMISE = """
UPDATE strategies_prediction AS prediction SET promised_seconds = foretold.seconds
FROM unnest(%s::uuid[], %s::float8[]) AS foretold(id, seconds) WHERE prediction.id = foretold.id
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in its queue."""

    position: int | None  # how many start before it; where it cannot be told, so many at least
    eta_seconds: float | None  # until its result is there
    possible: bool
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Prospect(Place):
    """The place that new work would have, and the live pools that can run it."""

    pools: list[PoolReport] = field(default_factory=list)


def places_of(predictions: Iterable[Prediction]) -> dict[UUID, Place]:
    """Prediction id → place, of each of these that still waits."""
    waiting = [prediction.id for prediction in predictions if prediction.status == Status.STARTING]
    tasks = Task.objects.filter(prediction__in=waiting, status=Status.STARTING) if waiting else ()
    return _places(tasks)


def promised_places(tasks: Iterable[Task]) -> dict[UUID, Place]:
    """The places of predictions whose tasks were just written; each keeps when its result is foretold."""
    places = _places(tasks)
    foretold = {id: place.eta_seconds for id, place in places.items() if place.eta_seconds is not None}
    if foretold:
        with connection.cursor() as cursor:
            cursor.execute(PROMISE, [list(foretold), list(foretold.values())])
    return places


def place_of_new(owner: Any, task_types: Sequence[str], workflow: Workflow) -> Prospect:
    """What a request of normal priority for this workflow, which needs these types of task in this order, can
    expect if it came now.

    It takes its place in the queue of the first; nothing is possible unless live pools serve all of them.
    """
    names = list(dict.fromkeys(QUEUES[task_type] for task_type in task_types))
    pools = pool_states()
    reasons = [_waits(unserved) for name in names if (unserved := why_unserved(name, pools))]
    able = [pool for pool in working(pools) if set(names) & set(pool.queues)]
    if reasons:
        return Prospect(None, None, False, reasons, able)
    with view_of(names[0]) as view:
        if view.unserved:  # a moment ago
            return Prospect(None, None, False, [_waits(view.unserved)], able)
        start = view.start_of_new(owner, Priority.NORMAL, workflow, task_types[0])
        more = view.rates.total([((name, workflow.pk), None) for name in names[1:]])
        place = _told(view, start, more)
    return Prospect(place.position, place.eta_seconds, True, [], able)


def _places(tasks: Iterable[Task]) -> dict[UUID, Place]:
    """The place of every prediction among those of these tasks, which wait or will: that of its first."""
    chains: dict[UUID, list[Task]] = defaultdict(list)
    for task in sorted(tasks, key=lambda task: (task.created_at, task.step)):
        if task.prediction_id is not None:
            chains[task.prediction_id].append(task)
    by_queue = defaultdict(list)
    for chain in chains.values():
        by_queue[chain[0].queue].append(chain)
    places: dict[UUID, Place] = {}
    for queue, its_chains in by_queue.items():
        with view_of(queue) as view:
            view.admit(chain[0] for chain in its_chains)
            places |= {chain[0].prediction_id: _place(view, chain) for chain in its_chains}
    return places


def _place(view: QueueView, chain: Sequence[Task]) -> Place:
    if reason := view.why_not(chain[0]):
        return Place(None, None, False, [_waits(reason)])
    more = view.rates.total([((task.queue, task.workflow), task.work) for task in chain[1:]])
    return _told(view, view.start_of(chain[0]), more)


def _told(view: QueueView, start: Start | None, more: float | None) -> Place:
    """A start as a place. It has a time only where everything that this is made of was measured.

    `more`: the seconds of what follows the first task.
    """
    if start is None:
        return Place(view.horizon, None, True, [])
    if more is None or not view.measured:
        return Place(start.position, None, True, [])
    return Place(start.position, round(start.done + more, 1), True, [])


def _waits(unserved: str) -> str:
    return f"{unserved} The request waits for one."
