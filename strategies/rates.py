"""How long tasks take: seconds of a device, by what the latest of their kind took."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

SAMPLE = 20  # finished tasks of a workflow that are looked at

Kind = tuple[str, UUID | None]  # queue and workflow; None: whatever the workflow

RAN = "extract(epoch FROM completed_at - started_at)::float8 AS ran"

# A few rows from the end of an index for each kind.
LATEST = f"""
SELECT kind.queue, kind.workflow, avg(work), avg(seconds), regr_slope(seconds, work),
    regr_intercept(seconds, work), avg(load),
    greatest(0, min(ran - seconds - coalesce(load, 0)))
FROM unnest(%(queues)s::text[], %(workflows)s::uuid[]) AS kind(queue, workflow), LATERAL (
    (SELECT work, device_seconds AS seconds, load_seconds AS load, {RAN} FROM strategies_task AS task
     WHERE task.queue = kind.queue AND task.workflow = kind.workflow AND status = 'succeeded'
     ORDER BY completed_at DESC LIMIT %(sample)s)
    UNION ALL
    (SELECT work, device_seconds, load_seconds, {RAN} FROM strategies_task AS task
     WHERE kind.workflow IS NULL AND task.queue = kind.queue AND status = 'succeeded'
     ORDER BY completed_at DESC LIMIT %(sample)s)
) AS latest WHERE seconds IS NOT NULL GROUP BY kind.queue, kind.workflow
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """Seconds against work, as measured: both means, and the straight line through them."""

    work: float
    seconds: float
    slope: float | None = None  # None: all had the same amount
    intercept: float | None = None
    load: float | None = None  # of its model, when it had to be loaded
    # From when the device was free again until the result was stored: the least that was seen, as most tasks
    # are claimed a moment before the device is free for them.
    lag: float = 0.0

    def seconds_of(self, work: float) -> float:
        """What so much work takes."""
        if self.slope is not None and self.intercept is not None:
            if self.slope < 0:  # noise: the work makes no difference
                return self.seconds
            if self.intercept >= 0:
                return self.intercept + self.slope * work
        return self.seconds * work / self.work


class Rates:
    """Those of some kinds, and of their queues for what was never measured."""

    def __init__(self) -> None:
        self._known: dict[Kind, Rate | None] = {}

    def look_up(self, kinds: Iterable[Kind]) -> None:
        """Learn what is not known yet, in one query."""
        wanted = {each for queue, workflow in kinds for each in ((queue, workflow), (queue, None))}
        missing = sorted(wanted - self._known.keys(), key=str)
        if not missing:
            return
        self._known |= dict.fromkeys(missing)
        terms = {
            "queues": [queue for queue, _ in missing],
            "workflows": [workflow for _, workflow in missing],
            "sample": SAMPLE,
        }
        with connection.cursor() as cursor:
            cursor.execute(LATEST, terms)
            self._known |= {(queue, workflow): Rate(*row) for queue, workflow, *row in cursor.fetchall()}

    def seconds(self, kind: Kind, work: float | None) -> float | None:
        """By its workflow, else by its queue; None while nothing like it was measured. No work: as usual."""
        rate = self._known[kind] or self._known[kind[0], None]
        if rate is None:
            return None
        return rate.seconds if work is None else rate.seconds_of(work)

    def load(self, kind: Kind) -> float | None:
        """What loading its model takes; None if that was not seen lately."""
        loads = (rate.load for each in (kind, (kind[0], None)) if (rate := self._known[each]))
        return next((load for load in loads if load is not None), None)

    def lag(self, kind: Kind) -> float:
        """What a result takes beside the device."""
        rate = self._known[kind] or self._known[kind[0], None]
        return rate.lag if rate else 0.0

    def total(self, works: Sequence[tuple[Kind, float | None]]) -> float | None:
        """The seconds of all of these; None if those of one are not known."""
        self.look_up(kind for kind, _ in works)
        each = [self.seconds(kind, work) for kind, work in works]
        if None in each:
            return None
        return sum(seconds for seconds in each if seconds) + sum(self.lag(kind) for kind, _ in works)
