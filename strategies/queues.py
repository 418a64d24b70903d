"""What waits in the queues, what runs, and how fast it goes: for operators, and counted anew each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone

from .fleet import PoolState, pool_states, working
from .models import Status, Task
from .models.generation import Priority
from .tasktypes import queues

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
class QueueState:
    """One queue: what waits, what runs, who serves it."""

    name: str
    depth: int
    ahead: int  # of those that wait: what runs before a new task of normal priority
    running: int
    oldest: datetime | None
    per_minute: float  # finished, over the last ten minutes
    seconds_each: float | None  # mean duration of the latest finished tasks
    pools: int  # that take work from it
    at_once: int  # tasks that these run

    @property
    def eta_seconds(self) -> float | None:
        """When a task submitted now would start, were they taken in order."""
        if not self.at_once or self.seconds_each is None:
            return None
        return round((self.ahead + self.running / 2) * self.seconds_each / self.at_once, 1)


def queue_state(name: str, pools: list[PoolState] | None = None) -> QueueState:
    """The state of one queue."""
    return queue_states([name], pools)[0]


def queue_states(
    names: Sequence[str] | None = None, pools: list[PoolState] | None = None
) -> list[QueueState]:
    """The state of these queues, or of every task queue: three indexed queries however many there are."""
    names = sorted(queues()) if names is None else names
    pools = pool_states() if pools is None else pools
    live, finished, seconds = _live(names), _finished_lately(names), _seconds_each(names)
    serving = {name: [pool for pool in working(pools) if name in pool.queues] for name in names}
    return [
        QueueState(
            name=name,
            **live.get(name, {"depth": 0, "ahead": 0, "running": 0, "oldest": None}),
            per_minute=round(finished.get(name, 0) / (RATE_WINDOW.total_seconds() / 60), 2),
            seconds_each=seconds.get(name),
            pools=len(serving[name]),
            at_once=sum(pool.concurrency for pool in serving[name]),
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
