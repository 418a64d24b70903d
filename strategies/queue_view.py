"""A queue as a process sees it: what waits, who serves it, and what the policy will do with it.

Nothing here reads more as a queue grows: a view is of the first tasks of every line, `TASKS` in all, and
serves everybody who asks this process for a second. What waits behind that horizon has so many before it, at
least, and no time.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from .fleet import pool_states, why_unserved, working
from .forecast import Backlog, Job, Start, play
from .lifecycle.window import LINE_BY_LINE, WAITS
from .models import Share, Task
from .policy import POLICY
from .rates import Rates
from .servers import running_tasks, servers_of

KEPT = 1.0  # seconds
LINES = 512  # of a queue
TASKS = 2048  # of all its lines together, and as many of each
UNMEASURED = 1.0  # seconds: for the order of starts, where no time can be told

BACKLOGS = f"""
{LINE_BY_LINE}, seen AS (SELECT priority, owner_id FROM line LIMIT %(lines)s),
each AS (SELECT %(tasks)s / greatest(1, count(*)) AS at_most FROM seen)
SELECT seen.owner_id, seen.priority, (SELECT at_most FROM each),
    task.id, extract(epoch FROM task.due_at)::float8, task.workflow, task.work
FROM seen CROSS JOIN LATERAL (
    SELECT id, due_at, workflow, work FROM strategies_task
    WHERE {WAITS} AND priority = seen.priority AND owner_id = seen.owner_id
      AND due_at <= statement_timestamp()
    ORDER BY due_at, id LIMIT (SELECT at_most FROM each)
) AS task
"""

Line = tuple[Any, int]  # owner and priority


@dataclass(slots=True)
class _Waiting:
    """The tasks of a line that were seen, oldest first."""

    jobs: list[Job] = field(default_factory=list)
    goes_on: bool = False


class QueueView:
    """One queue as it was a moment ago, with what this process accepted since."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self._taken = time.monotonic()
        rows, running = _backlogs(queue), running_tasks()
        self.rates = Rates()
        self.rates.look_up(
            [(queue, None), *((queue, row[-2]) for row in rows), *(task.kind for task in running)]
        )
        self._known: set[UUID] = set()
        self._lines: dict[Line, _Waiting] = defaultdict(_Waiting)
        for owner, priority, at_most, task, since, workflow, work in rows:
            line = self._lines[owner, priority]
            line.jobs.append(self._job(task, since, workflow, work))
            line.goes_on = len(line.jobs) == at_most
        self._used = _used({owner for owner, _ in self._lines})
        pools = pool_states()
        self.unserved = why_unserved(queue, pools)
        self._servers = servers_of(queue, working(pools), running, self.rates)
        self._starts: dict[Any, Start] | None = None

    @property
    def measured(self) -> bool:
        """Whether anything is known of the time that its tasks take."""
        return self.rates.seconds((self.queue, None), None) is not None

    @property
    def horizon(self) -> int:
        """How many starts can be told."""
        return len(self._played())

    def admit(self, tasks: Iterable[Task]) -> None:
        """Put those that came since, and wait, at the end of their lines."""
        new = [task for task in tasks if task.id not in self._known and task.due_at <= timezone.now()]
        self.rates.look_up((task.queue, task.workflow) for task in new)
        for task in new:
            line = self._lines[task.owner_id, task.priority]
            if not line.goes_on:
                line.jobs.append(self._job(task.id, task.due_at.timestamp(), task.workflow, task.work))
            self._known.add(task.id)
            self._starts = None

    def start_of(self, task: Task) -> Start | None:
        """When a waiting task starts; None behind the horizon."""
        if task.id in self._known:
            return self._from_now(self._played().get(task.id))
        start = self.start_of_new(task.owner_id, task.priority)
        pause = (task.due_at - timezone.now()).total_seconds()
        return replace(start, seconds=max(start.seconds, pause)) if start else None

    def start_of_new(self, owner: Any, priority: int) -> Start | None:
        """When a task starts that comes now; None behind the horizon."""
        new = Job(None, time.time(), UNMEASURED)
        return self._from_now(self._play({(owner, priority): new}).get(None))

    def fresh(self) -> bool:
        return time.monotonic() - self._taken < KEPT

    def _job(self, task: UUID, since: float, workflow: UUID | None, work: float) -> Job:
        self._known.add(task)
        return Job(task, since, self.rates.seconds((self.queue, workflow), work) or UNMEASURED)

    def _played(self) -> dict[Any, Start]:
        if self._starts is None:
            self._starts = self._play({})
        return self._starts

    def _play(self, more: dict[Line, Job]) -> dict[Any, Start]:
        """The starts of what waits, and of one task more for some lines."""
        waiting = {line: known.jobs for line, known in self._lines.items()}
        for line, job in more.items():
            if not self._lines[line].goes_on:
                waiting[line] = [*waiting.get(line, []), job]
        self._used |= _used({owner for owner, _ in waiting} - self._used.keys())
        backlogs = [
            Backlog(owner, priority, self._used[owner], jobs, self._lines[owner, priority].goes_on)
            for (owner, priority), jobs in waiting.items()
        ]
        return play(backlogs, self._servers, POLICY)

    def _from_now(self, start: Start | None) -> Start | None:
        age = time.monotonic() - self._taken
        return replace(start, seconds=max(0.0, start.seconds - age)) if start else None


_views: dict[str, QueueView] = {}
_lock = RLock()


@contextmanager
def view_of(queue: str) -> Iterator[QueueView]:
    """The view of a queue, a second old at most, for one thread at a time."""
    with _lock:
        if queue not in _views or not _views[queue].fresh():
            _views[queue] = QueueView(queue)
        yield _views[queue]


def forget_views() -> None:
    """Look again at the next question."""
    with _lock:
        _views.clear()


def _backlogs(queue: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(BACKLOGS, {"queue": queue, "lines": LINES, "tasks": TASKS})
        return cursor.fetchall()


def _used(owners: Iterable[Any]) -> dict[Any, float]:
    """What device time each has had counts now."""
    owners, now = set(owners), timezone.now()
    shares = Share.objects.filter(owner__in=owners) if owners else ()
    had = {
        share.owner_id: POLICY.decayed(share.seconds, (now - share.as_of).total_seconds()) for share in shares
    }
    return {owner: had.get(owner, 0.0) for owner in owners}
