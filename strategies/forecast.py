"""What the policy will do with what waits. Pure, and played at most once a second for everybody who asks.

The order is that of `strategies.policy`, which looks at everything again for each start; here only what
changed is looked at, so that a thousand starts take a moment. Tests play both against each other.
"""

import heapq
import math
from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from .policy import ANY_SIZE, Policy

# Priority, what the owner has had, age, the line's number: the least goes first.
Key = tuple[int, float, float, int]


@dataclass(frozen=True, slots=True)
class Job:
    """A waiting task, and the device seconds that it will take."""

    id: Hashable
    since: float
    seconds: float
    model: str = ""  # what must be resident; empty if nothing must
    load: float = 0.0  # seconds more if it is not
    lag: float = 0.0  # seconds from then to its result
    parameters: int = 0  # numbers that its models hold


@dataclass(frozen=True, slots=True)
class Backlog:
    """The tasks of a line, oldest first."""

    owner: Any
    priority: int
    used: float  # device seconds of the owner, those of the past counting less
    jobs: Sequence[Job]
    goes_on: bool = False  # more wait behind these


@dataclass(frozen=True, slots=True)
class Server:
    """A process of a pool as a queue sees it."""

    free_in: float = 0.0  # seconds
    share: float = 1.0  # of its time that this queue gets
    resident: Sequence[str] = ()  # models, the one that leaves first first
    room: int = 1  # for so many models
    capacity: int = ANY_SIZE  # numbers that the models of a task may hold; larger ones are for other pools


@dataclass(frozen=True, slots=True)
class Start:
    """How many start before it, in how many seconds it does, and in how many its result is there."""

    position: int
    seconds: float
    done: float


@dataclass(frozen=True, slots=True)
class Charge:
    """Device seconds that an owner will have had when something ends that runs now."""

    owner: Any
    seconds: float
    due_in: float


def play(
    backlogs: Sequence[Backlog], servers: Sequence[Server], policy: Policy, charges: Iterable[Charge] = ()
) -> dict[Hashable, Start]:
    """The start of every task, in the order of their starts, as far as it can be told: up to where the first
    line that goes on has nothing more to show; nothing of what no server has the capacity for."""
    lines = _Lines([line for line in backlogs if line.jobs], policy)
    free = [(server.free_in, number) for number, server in enumerate(servers)]
    heapq.heapify(free)
    ending = [(each.due_in, -number, each.owner, each.seconds) for number, each in enumerate(charges, 1)]
    heapq.heapify(ending)
    models = [OrderedDict.fromkeys(server.resident) for server in servers]
    starts: dict[Hashable, Start] = {}
    while lines.waiting and free:
        at, number = free[0]
        while ending and ending[0][0] <= at:
            until, _, owner, seconds = heapq.heappop(ending)
            lines.charge(owner, seconds, until)
        best = lines.best(models[number], at, servers[number].capacity)
        if best is None:
            heapq.heappop(free)
            continue
        line, job = best[0], lines.start(*best)
        took = job.seconds + (job.load if _loads(job, models[number]) else 0.0)
        starts[job.id] = Start(len(starts), at, at + took + job.lag)
        use_model(job.model, models[number], servers[number].room)
        freed = at + took / servers[number].share
        heapq.heapreplace(free, (freed, number))
        heapq.heappush(ending, (freed, len(starts), line.owner, took))
        if line.goes_on and not line.jobs:
            break
    return starts


def use_model(model: str, resident: OrderedDict[str, None], room: int) -> None:
    """Note that a model was used last; another leaves if there is no room for both."""
    if model:
        if model not in resident and len(resident) >= room:
            resident.popitem(last=False)
        resident[model] = None
        resident.move_to_end(model)


@dataclass(slots=True, eq=False)
class _Line:
    """What is left of a line while it is played."""

    owner: Any
    number: int
    priority: int
    jobs: list[Job]
    goes_on: bool
    key: Key
    largest: int  # its tasks' models
    due: int  # the start that must be its, if it is passed over until then
    overtaken: list[int] = field(default_factory=list)  # by younger ones of the line: each of its first tasks

    def fitting(self, capacity: int) -> Iterable[int]:
        """The places of the tasks that need no larger models."""
        if self.largest <= capacity:
            return range(len(self.jobs))
        return (place for place, job in enumerate(self.jobs) if job.parameters <= capacity)

    def times_overtaken(self, place: int) -> int:
        return self.overtaken[place] if place < len(self.overtaken) else 0

    def due_of(self, place: int) -> int:
        """The start that must be this task's, if those before it are for other pools."""
        return self.due + self.times_overtaken(0) - self.times_overtaken(place)


class _Lines:
    """The lines that still wait, in the policy's order.

    What an owner has had counts less by the second. Instead, what comes later counts more: the order is the
    same. As that grows without bound, its logarithm (to the base 2) is kept.
    """

    def __init__(self, backlogs: Sequence[Backlog], policy: Policy) -> None:
        self._policy = policy
        self._patience = policy.bound - policy.reserve
        self._used = {line.owner: _log(line.used) for line in backlogs}
        self._lines: list[_Line] = []  # by number
        self._of: dict[Any, list[_Line]] = {}
        self._started = 0
        for number, line in enumerate(backlogs):
            key = (-line.priority, self._used[line.owner], line.jobs[0].since, number)
            largest = max(job.parameters for job in line.jobs)
            mine = _Line(
                line.owner, number, line.priority, list(line.jobs), line.goes_on, key, largest, self._patience
            )
            self._lines.append(mine)
            self._of.setdefault(line.owner, []).append(mine)
        self.waiting = sorted(line.key for line in self._lines)
        self._due = [(line.due, line.number, line) for line in self._lines]
        heapq.heapify(self._due)

    def best(self, resident: OrderedDict[str, None], now: float, capacity: int) -> tuple[_Line, int] | None:
        """The line whose turn it is, and the place in it of what starts; None if all are too large."""
        if due := self._overdue(capacity):
            return due
        policy = self._policy
        to_load = _log(policy.patience * policy.load_seconds) + now / policy.half_life
        best: tuple[Key, _Line, int] | None = None
        for rank, (priority, used, _, number) in enumerate(self.waiting):
            line = self._lines[number]
            if best and (priority, used) > best[0][:2]:
                break
            looked_at = islice(line.fitting(capacity), policy.look_ahead if rank < policy.deep else 1)
            for nth, place in enumerate(looked_at):
                job = line.jobs[place]
                loads = _loads(job, resident)
                if loads and nth:
                    continue
                key = (priority, _log_of_sum(used, to_load) if loads else used, job.since, line.number)
                if best is None or key < best[0]:
                    best = key, line, place
                if not loads:
                    break
        return best and best[1:]

    def start(self, line: _Line, place: int) -> Job:
        """Take a task out of its line."""
        line.overtaken += [0] * (place + 1 - len(line.overtaken))
        line.overtaken = [times + 1 for times in line.overtaken[:place]] + line.overtaken[place + 1 :]
        self._started += 1
        line.due = self._started + self._patience - line.times_overtaken(0)
        heapq.heappush(self._due, (line.due, line.number, line))
        job = line.jobs.pop(place)
        self._sort_in(line)
        return job

    def charge(self, owner: Any, seconds: float, until: float) -> None:
        """The owner has had these seconds at that moment."""
        if owner not in self._of:
            return
        half_lives = until / self._policy.half_life
        self._used[owner] = _log_of_sum(self._used[owner], _log(seconds) + half_lives)
        for line in list(self._of[owner]):
            self._sort_in(line)

    def _sort_in(self, line: _Line) -> None:
        """Put a line where it belongs now; one that has nothing more leaves."""
        del self.waiting[bisect_left(self.waiting, line.key)]
        if line.jobs:
            line.key = (-line.priority, self._used[line.owner], line.jobs[0].since, line.number)
            insort(self.waiting, line.key)
        else:
            self._of[line.owner].remove(line)

    def _overdue(self, capacity: int) -> tuple[_Line, int] | None:
        """A line whose first task that fits was passed over nearly as often as any may be, and its place."""
        found, too_large = None, []
        while found is None and self._due and self._due[0][0] <= self._started:
            entry = heapq.heappop(self._due)
            due, _, line = entry
            if due != line.due or not line.jobs:
                continue  # it has been served since
            too_large.append(entry)
            place = next(iter(line.fitting(capacity)), None)
            if place is not None and line.due_of(place) <= self._started:
                found = line, place
        for entry in too_large:
            heapq.heappush(self._due, entry)
        return found


def _loads(job: Job, resident: OrderedDict[str, None]) -> bool:
    return bool(job.model) and job.model not in resident


def _log(value: float) -> float:
    return math.log2(value) if value > 0 else -math.inf


def _log_of_sum(one: float, other: float) -> float:
    """Of two values, given by their logarithms."""
    low, high = min(one, other), max(one, other)
    return high if low == -math.inf else high + math.log2(1 + 2 ** (low - high))
