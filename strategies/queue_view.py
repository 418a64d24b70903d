"""A queue as a process sees it: what waits, who serves it, and what the policy will do with it.

Nothing here reads more as a queue grows: a view is of the first tasks of every line, `TASKS` in all, and
serves everybody who asks this process for a while: the longer, the more it cost. What waits behind that
horizon has so many before it, at least, and no time.
"""

import statistics
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any, NamedTuple
from uuid import UUID

from django.utils import timezone

from families.models import Workflow

from .authored import checkpoint_of
from .batching import model_name
from .fleet import pool_states, why_never, why_unserved, working
from .forecast import Backlog, Job, Start, play
from .lifecycle.window import LINE_BY_LINE, WAITS
from .models import Task
from .policy import POLICY
from .pools import PoolReport
from .rates import Rates
from .rows import rows
from .servers import held_tasks, servers_of
from .sizes import parameters_of_workflow

KEPT = 1.0  # seconds at most,
KEPT_TIMES = 20  # and times as long as it took to take: however often somebody asks, a twentieth of the time
LINES = 256  # of a queue
TASKS = 512  # of all its lines together, and as many of each
UNMEASURED = 1.0  # seconds: for the order of starts, where no time can be told

BACKLOGS = f"""
{LINE_BY_LINE}, seen AS (SELECT priority, owner_id FROM line LIMIT %(lines)s),
each AS (SELECT %(tasks)s / greatest(1, count(*)) AS at_most FROM seen)
SELECT seen.owner_id, seen.priority, (SELECT at_most FROM each),
    task.id, extract(epoch FROM task.due_at)::float8, task.model, task.model_parameters, task.workflow,
    task.work
FROM seen CROSS JOIN LATERAL (
    SELECT id, due_at, model, model_parameters, workflow, work FROM strategies_task
    WHERE {WAITS} AND priority = seen.priority AND owner_id = seen.owner_id
      AND due_at <= statement_timestamp()
    ORDER BY due_at, id LIMIT (SELECT at_most FROM each)
) AS task
"""

SHARES = "SELECT owner_id, seconds, as_of FROM strategies_share WHERE owner_id = ANY(%s)"


class _Row(NamedTuple):
    """What `BACKLOGS` gives: a task of a line, and how many of each line there are at most."""

    owner: Any
    priority: int
    at_most: int
    task: UUID
    since: float
    model: str
    parameters: int
    workflow: UUID | None
    work: float


@dataclass(slots=True)
class _Line:
    """The tasks that were seen of it, oldest first."""

    jobs: list[Job] = field(default_factory=list)
    goes_on: bool = False


class QueueView:
    """One queue as it was a moment ago, with what this process accepted since."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.rates = Rates()
        self._taken = time.monotonic()
        waiting, held = _waiting(queue), held_tasks()
        kinds = {(queue, row.workflow) for row in waiting} | {task.kind for task in held}
        self.rates.look_up({(queue, None), *kinds})
        pools = pool_states()
        self.unserved = why_unserved(queue, pools)
        self._live = [pool.report for pool in pools if pool.report]
        able = working(pools)
        self._servers, self._charges = servers_of(queue, able, held, self.rates)
        self._load = _load_of([pool for pool in able if queue in pool.queues])
        self._lines: dict[tuple[Any, int], _Line] = {}  # by owner and priority
        for row in waiting:
            line = self._lines.setdefault((row.owner, row.priority), _Line())
            needs = (row.model, row.parameters)
            line.jobs.append(self._job(row.task, row.since, needs, row.workflow, row.work))
            line.goes_on = len(line.jobs) == row.at_most
        self._known = {row.task for row in waiting}
        self._used: dict[Any, float] = {}
        self._starts: dict[Any, Start] | None = None
        self._kept = min(KEPT, KEPT_TIMES * (time.monotonic() - self._taken))

    @property
    def measured(self) -> bool:
        """Whether anything is known of the time that its tasks take."""
        return self.rates.seconds((self.queue, None), None) is not None

    @property
    def fresh(self) -> bool:
        return time.monotonic() - self._taken < self._kept

    @property
    def horizon(self) -> int:
        """How many starts can be told."""
        return len(self._played())

    def why_not(self, task: Task) -> str | None:
        """A sentence when no pool takes this task."""
        return self.unserved or why_never(self.queue, task.model_parameters, self._live)

    def admit(self, tasks: Iterable[Task]) -> None:
        """Put those that came since, and may start, at the end of their lines."""
        for task in tasks:
            if task.id in self._known or task.due_at > timezone.now():
                continue
            line = self._lines.setdefault((task.owner_id, task.priority), _Line())
            if not line.goes_on:
                line.jobs.append(self._job_of(task))
                self._starts = None
            self._known.add(task.id)

    def start_of(self, task: Task) -> Start | None:
        """When a waiting task starts, from now; None behind the horizon."""
        if task.id in self._known:
            return self._from_now(self._played().get(task.id))
        start = self._start_of_more(task.owner_id, task.priority, self._job_of(task))
        pause = (task.due_at - timezone.now()).total_seconds() - (start.seconds if start else 0.0)
        return _later(start, max(0.0, pause))

    def start_of_new(self, owner: Any, priority: int, workflow: Workflow, task_type: str) -> Start | None:
        """When a task of this type that is usual for this workflow starts, if it came now; None behind the
        horizon."""
        weights = checkpoint_of(workflow)
        needs = (model_name(weights) if weights else "", parameters_of_workflow(workflow, task_type))
        return self._start_of_more(owner, priority, self._job(None, time.time(), needs, workflow.pk, None))

    def _start_of_more(self, owner: Any, priority: int, job: Job) -> Start | None:
        line = self._lines.get((owner, priority), _Line())
        if line.goes_on:
            return None
        with_it = {**self._lines, (owner, priority): _Line([*line.jobs, job])}
        return self._from_now(self._play(with_it).get(job.id))

    def _job_of(self, task: Task) -> Job:
        needs = (task.model, task.model_parameters)
        return self._job(task.id, task.due_at.timestamp(), needs, task.workflow, task.work)

    def _job(
        self,
        task: UUID | None,
        since: float,
        needs: tuple[str, int],  # the model, and how much all of its models hold
        workflow: UUID | None,
        work: float | None,
    ) -> Job:
        model, parameters = needs
        kind = (self.queue, workflow)
        self.rates.look_up([kind])
        seconds, load = self.rates.seconds(kind, work), self.rates.load(kind) or self._load
        return Job(task, since, seconds or UNMEASURED, model, load or 0.0, self.rates.lag(kind), parameters)

    def _played(self) -> dict[Any, Start]:
        if self._starts is None:
            self._starts = self._play(self._lines)
        return self._starts

    def _play(self, lines: dict[tuple[Any, int], _Line]) -> dict[Any, Start]:
        self._used |= _used({owner for owner, _ in lines} - self._used.keys())
        backlogs = [
            Backlog(owner, priority, self._used[owner], line.jobs, line.goes_on)
            for (owner, priority), line in lines.items()
        ]
        load = self._load or self.rates.load((self.queue, None))
        policy = replace(POLICY, load_seconds=load) if load else POLICY
        return play(backlogs, self._servers, policy, self._charges)

    def _from_now(self, start: Start | None) -> Start | None:
        return _later(start, self._taken - time.monotonic())


_views: dict[str, QueueView] = {}
_lock = RLock()


@contextmanager
def view_of(queue: str) -> Iterator[QueueView]:
    """The view of a queue, a second old at most, for one thread at a time."""
    with _lock:
        if queue not in _views or not _views[queue].fresh:
            _views[queue] = QueueView(queue)
        yield _views[queue]


def forget_views() -> None:
    """Look again at the next question."""
    with _lock:
        _views.clear()


def _waiting(queue: str) -> list[_Row]:
    return [_Row(*row) for row in rows(BACKLOGS, {"queue": queue, "lines": LINES, "tasks": TASKS})]


def _load_of(pools: Iterable[PoolReport]) -> float | None:
    """What loading a model takes, as the pools tell the policy."""
    told = [pool.load_seconds for pool in pools if pool.load_seconds is not None]
    return statistics.fmean(told) if told else None


def _used(owners: set[Any]) -> dict[Any, float]:
    """What the device time that each has had counts now."""
    used, now = dict.fromkeys(owners, 0.0), timezone.now()
    for owner, seconds, as_of in rows(SHARES, [list(owners)]) if owners else ():
        used[owner] = POLICY.decayed(seconds, (now - as_of).total_seconds())
    return used


def _later(start: Start | None, pause: float) -> Start | None:
    """The same start that much later, but never before now."""
    if start is None:
        return None
    pause = max(pause, -start.seconds)
    return replace(start, seconds=start.seconds + pause, done=start.done + pause)
