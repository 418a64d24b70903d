"""How long things wait: depth, rate, position and an honest guess of the time left."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Avg, Count, F, Min, Q
from django.utils import timezone

from .models import Status, Task
from .models.generation import Priority
from .pools import PoolReport, live_pools
from .tasktypes import QUEUES

RATE_WINDOW = timedelta(minutes=10)
RATE_SAMPLE = 50  # finished tasks looked at for the mean duration


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
    """The state of one queue, by three indexed queries."""
    pools = live_pools() if pools is None else pools
    tasks, now = Task.objects.filter(queue=name), timezone.now()
    waiting = tasks.filter(status=Status.STARTING, ready=True).aggregate(
        n=Count("id"), ahead=Count("id", filter=Q(priority__gte=Priority.NORMAL)), oldest=Min("created_at")
    )
    finished = tasks.filter(status=Status.SUCCEEDED).order_by("-completed_at")
    latest = finished.values("started_at", "completed_at")[:RATE_SAMPLE]
    mean = latest.aggregate(mean=Avg(F("completed_at") - F("started_at")))["mean"]
    recent = finished.filter(completed_at__gt=now - RATE_WINDOW).count()
    return QueueState(
        name=name,
        depth=waiting["n"],
        ahead=waiting["ahead"],
        running=tasks.filter(status=Status.PROCESSING).count(),
        oldest=waiting["oldest"],
        per_minute=round(recent / (RATE_WINDOW.total_seconds() / 60), 2),
        seconds_each=mean.total_seconds() if mean is not None else None,
        pools=sum(name in pool.queues for pool in pools),
    )


def queue_states() -> list[QueueState]:
    """Every task queue."""
    pools = live_pools()
    return [queue_state(name, pools) for name in sorted(set(QUEUES.values()))]


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
