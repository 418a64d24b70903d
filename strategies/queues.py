"""How long things wait: depth, rate, position and an honest guess of the time left."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, F, Min, Q
from django.utils import timezone

from .models import Generation, Status, Task
from .pools import PoolReport, live_pools
from .tasktypes import QUEUES

RATE_WINDOW = timedelta(minutes=10)
RATE_SAMPLE = 50  # finished tasks looked at for the mean duration


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue: what waits, what runs, who serves it."""

    name: str
    depth: int
    running: int
    oldest: datetime | None
    per_minute: float  # finished, over the last ten minutes
    seconds_each: float | None  # mean duration of the latest finished tasks
    pools: int

    @property
    def eta_seconds(self) -> float | None:
        """When a task submitted now would start, by the measured duration; None while nothing is known."""
        if not self.pools or self.seconds_each is None:
            return None
        return round((self.depth + self.running / 2) * self.seconds_each / self.pools, 1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in its queue."""

    position: int | None
    eta_seconds: float | None
    possible: bool
    reasons: list[str]


def queue_state(name: str, pools: list[PoolReport] | None = None) -> QueueState:
    """The state of one queue, by three indexed queries."""
    pools = live_pools() if pools is None else pools
    tasks, now = Task.objects.filter(queue=name), timezone.now()
    waiting = tasks.filter(status=Status.STARTING, ready=True).aggregate(
        n=Count("id"), oldest=Min("created_at")
    )
    finished = tasks.filter(status=Status.SUCCEEDED).order_by("-completed_at")
    latest = finished.values("started_at", "completed_at")[:RATE_SAMPLE]
    mean = latest.aggregate(mean=Avg(F("completed_at") - F("started_at")))["mean"]
    recent = finished.filter(completed_at__gt=now - RATE_WINDOW).count()
    return QueueState(
        name=name,
        depth=waiting["n"],
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


def place_of_new(task_type: str) -> Place:
    """Where a task of this type would stand if it were submitted now."""
    state = queue_state(QUEUES[task_type])
    if not state.pools:
        return _impossible(state.name)
    return Place(state.depth, state.eta_seconds, True, [])


def place_of(generation: Generation) -> Place | None:
    """Where a generation's first waiting task stands; None once nothing of it waits."""
    first = (
        Task.objects.filter(generation=generation, status=Status.STARTING, ready=True)
        .order_by("created_at", "id").first()
    )  # fmt: skip
    if first is None:
        return None
    state = queue_state(first.queue)
    if not state.pools:
        return _impossible(state.name)
    ahead = Task.objects.filter(queue=first.queue, status=Status.STARTING, ready=True).filter(
        Q(priority__gt=first.priority)
        | Q(priority=first.priority, created_at__lt=first.created_at)
        | Q(priority=first.priority, created_at=first.created_at, id__lt=first.id)
    )
    position = ahead.count()
    eta = None
    if state.seconds_each is not None:
        eta = round((position + state.running / 2) * state.seconds_each / state.pools, 1)
    return Place(position, eta, True, [])


def _impossible(queue: str) -> Place:
    return Place(None, None, False, [f"No live pool serves the queue {queue!r}; the request waits for one."])
