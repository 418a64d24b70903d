"""How long things wait: depth, rate, position and an honest guess of the time left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone

from .models import Status, Task
from .models.generation import Priority
from .pools import PoolReport, live_pools
from .tasktypes import QUEUES, queues

RATE_WINDOW = timedelta(minutes=10)
RATE_SAMPLE = 50  # finished tasks looked at for the mean duration

# Each queue reads only its latest rows, from the end of the index `task_finished`.
SECONDS_EACH = """
SELECT queue, extract(epoch FROM avg(latest.ran)) FROM unnest(%s::text[]) AS queue, LATERAL (
    SELECT completed_at - started_at AS ran FROM strategies_task
    WHERE strategies_task.queue = queue.queue AND status = 'succeeded'
    ORDER BY completed_at DESC LIMIT %s
) AS latest GROUP BY queue
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in its queue."""

    position: int | None
    eta_seconds: float | None
    possible: bool
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Prospect(Place):
    """The place that new work would have, and the live pools that can run it."""

    pools: list[PoolReport] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue: what waits, what runs, who serves it."""

    name: str
    depth: int
    ahead: int  # of those that wait: what runs before a new task of normal priority
    running: int
    oldest: datetime | None
    per_minute: float  # finished, over the last ten minutes
    seconds_each: float | None  # mean duration of the latest finished tasks
    pools: int

    @property
    def eta_seconds(self) -> float | None:
        """When a task submitted now would start."""
        return self.place(self.ahead).eta_seconds

    def place(self, position: int) -> Place:
        """A place with its time left by the measured duration; what nobody can run has no position."""
        if not self.pools:
            return Place(None, None, False, [_unserved(self.name)])
        if self.seconds_each is None:
            return Place(position, None, True, [])
        eta = (position + self.running / 2) * self.seconds_each / self.pools
        return Place(position, round(eta, 1), True, [])


def queue_state(name: str, pools: list[PoolReport] | None = None) -> QueueState:
    """The state of one queue."""
    return queue_states([name], pools)[0]


def queue_states(
    names: Sequence[str] | None = None, pools: list[PoolReport] | None = None
) -> list[QueueState]:
    """The state of these queues, or of every task queue: three indexed queries however many there are."""
    names = sorted(queues()) if names is None else names
    pools = live_pools() if pools is None else pools
    live, finished, seconds = _live(names), _finished_lately(names), _seconds_each(names)
    return [
        QueueState(
            name=name,
            **live.get(name, {"depth": 0, "ahead": 0, "running": 0, "oldest": None}),
            per_minute=round(finished.get(name, 0) / (RATE_WINDOW.total_seconds() / 60), 2),
            seconds_each=seconds.get(name),
            pools=sum(name in pool.queues for pool in pools),
        )
        for name in names
    ]


def _live(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    waits = Q(status=Status.STARTING, ready=True)
    rows = Task.objects.filter(queue__in=names).filter(waits | Q(status=Status.PROCESSING))
    counted = rows.order_by().values("queue").annotate(
        depth=Count("id", filter=waits),
        ahead=Count("id", filter=waits & Q(priority__gte=Priority.NORMAL)),
        running=Count("id", filter=Q(status=Status.PROCESSING)),
        oldest=Min("created_at", filter=waits),
    )  # fmt: skip
    return {row.pop("queue"): row for row in counted}


def _finished_lately(names: Sequence[str]) -> dict[str, int]:
    since = timezone.now() - RATE_WINDOW
    rows = Task.objects.filter(queue__in=names, status=Status.SUCCEEDED, completed_at__gt=since)
    return dict(rows.order_by().values("queue").annotate(n=Count("id")).values_list("queue", "n"))


def _seconds_each(names: Sequence[str]) -> dict[str, float]:
    with connection.cursor() as cursor:
        cursor.execute(SECONDS_EACH, [list(names), RATE_SAMPLE])
        return {queue: float(seconds) for queue, seconds in cursor.fetchall() if seconds is not None}


def place_of_new(task_types: Iterable[str]) -> Prospect:
    """What a request that needs these types of task, in this order, can expect if it came now.

    It takes its place in the queue of the first; nothing is possible unless live pools serve all of them.
    """
    names = list(dict.fromkeys(QUEUES[task_type] for task_type in task_types))
    live = live_pools()
    first = queue_state(names[0], live)
    reasons = [_unserved(name) for name in names if not any(name in pool.queues for pool in live)]
    able = [pool for pool in live if set(names) & set(pool.queues)]
    if reasons:
        return Prospect(None, None, False, reasons, able)
    place = first.place(first.ahead)
    return Prospect(place.position, place.eta_seconds, True, [], able)


def _unserved(queue: str) -> str:
    return f"No live pool serves the queue {queue!r}; the request waits for one."
