"""What the policy will do with what waits. Pure, and played at most once a second for everybody who asks.

Played is `strategies.policy` in its essentials: the higher priority, then the owner with the least device
time lately, then age, and the bound on being passed over. Left out is that a model which is loaded goes
first; so a place may be off by what the policy lets a loaded model overtake.
"""

import heapq
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from .policy import Policy

Key = tuple[int, float, float]  # priority, what the owner has had, age: the least goes first


@dataclass(frozen=True, slots=True)
class Job:
    """A waiting task, and the device seconds that it will take."""

    id: Hashable
    since: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Backlog:
    """The tasks of a line, oldest first."""

    owner: Any
    priority: int
    used: float  # device seconds of the owner, those of the past counting less
    jobs: Sequence[Job]
    goes_on: bool  # more wait behind these


@dataclass(frozen=True, slots=True)
class Server:
    """A pool as a queue sees it."""

    free_in: float  # seconds
    share: float = 1.0  # of its time that this queue gets


@dataclass(frozen=True, slots=True)
class Start:
    """How many start before it, and in how many seconds it does."""

    position: int
    seconds: float


def play(backlogs: Sequence[Backlog], servers: Sequence[Server], policy: Policy) -> dict[Hashable, Start]:
    """The start of every task, in the order of their starts, as far as it can be told: up to where the first
    line that goes on has nothing more to show."""
    free = [(server.free_in, server.share) for server in servers]
    heapq.heapify(free)
    lines = _Lines(backlogs, policy.bound - policy.reserve)
    starts: dict[Hashable, Start] = {}
    while (line := lines.first(len(starts))) is not None:
        at, share = free[0]
        job = lines.take(line, len(starts))
        starts[job.id] = Start(len(starts), at)
        ends = at + job.seconds / share
        heapq.heapreplace(free, (ends, share))
        lines.charge(line, job.seconds, ends / policy.half_life)
        if lines.unknown(line):
            break
    return starts


class _Lines:
    """What is left of the lines while they are played.

    What an owner has had counts less by the second. Instead, what comes later counts more: the order is the
    same. As that grows without bound, its logarithm (to the base 2) is kept.
    """

    def __init__(self, backlogs: Sequence[Backlog], patience: int) -> None:
        self._backlogs = backlogs
        self._patience = patience  # starts that a line is passed over, then it goes next
        self._used = {line.owner: _log(line.used) for line in backlogs}
        self._lines_of: dict[Any, list[int]] = {}
        for number, line in enumerate(backlogs):
            self._lines_of.setdefault(line.owner, []).append(number)
        self._done = [0] * len(backlogs)
        self._served = {number: 0 for number, line in enumerate(backlogs) if line.jobs}  # longest ago first
        self._heap = [(self._key(number), number) for number in self._served]
        heapq.heapify(self._heap)

    def first(self, started: int) -> int | None:
        """The line whose turn it is."""
        if not self._served:
            return None
        longest = next(iter(self._served))
        if started - self._served[longest] >= self._patience:
            return longest
        while (entry := self._heap[0]) and (entry[1] not in self._served or entry[0] != self._key(entry[1])):
            heapq.heappop(self._heap)
        return self._heap[0][1]

    def take(self, number: int, started: int) -> Job:
        """The next task of a line."""
        line = self._backlogs[number]
        job = line.jobs[self._done[number]]
        self._done[number] += 1
        del self._served[number]
        if self._done[number] < len(line.jobs):
            self._served[number] = started + 1
        return job

    def charge(self, number: int, seconds: float, half_lives: float) -> None:
        """The owner has had these seconds, so many half-lives from now."""
        owner = self._backlogs[number].owner
        self._used[owner] = _log_of_sum(self._used[owner], _log(seconds) + half_lives)
        for each in self._lines_of[owner]:
            if each in self._served:
                heapq.heappush(self._heap, (self._key(each), each))

    def unknown(self, number: int) -> bool:
        """Whether nobody can say what the line's next task is."""
        return number not in self._served and self._backlogs[number].goes_on

    def _key(self, number: int) -> Key:
        line = self._backlogs[number]
        return -line.priority, self._used[line.owner], line.jobs[self._done[number]].since


def _log(value: float) -> float:
    return math.log2(value) if value > 0 else -math.inf


def _log_of_sum(one: float, other: float) -> float:
    """Of two values, given by their logarithms."""
    low, high = sorted((one, other))
    return high if low == -math.inf else high + math.log2(1 + 2 ** (low - high))
