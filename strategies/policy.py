"""Which waiting task a free worker runs next. Pure: the workers and the simulator ask the same object.

A *line* is what one owner has waiting at one priority in one queue, oldest first. Better is: the higher
priority, then the owner that has had the least recent device time, where a model that would have to be loaded
counts as some seconds more, then age. So a model stays until its owner is ahead by what a change is worth.

A task is *overtaken* by every younger one of its own line that starts before it, and by whatever starts in
its stead since its line was last served. (Not by every stranger ever: beside a large backlog many come and
go, and the share of its owner says what those may have.) What was overtaken nearly `bound` times goes next.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that could start now; `since` is when it first could, in seconds of any clock."""

    id: Any
    since: float
    model: str  # what must be resident; empty if nothing must


@dataclass(frozen=True, slots=True)
class Line:
    """The first tasks of a line, oldest first, and what is known of it."""

    owner: Any
    priority: int
    used: float  # device seconds of the owner, those of the past counting less
    overtaken: int  # how often the first task was
    tasks: Sequence[Waiting]


ANY_SIZE = 2**63 - 1  # of models


@dataclass(frozen=True, slots=True)
class Policy:
    """The constants and what follows from them."""

    lines: int = 64  # whose first task is looked at
    deep: int = 8  # of them: those of which more is looked at
    look_ahead: int = 32  # tasks of such a line, and of all by age
    bound: int = 128  # no task is overtaken more often
    reserve: int = 16  # of the bound: what a batch, or several workers at once, may still start
    ahead: int = 8  # tasks whose models are fetched before their turn; those of later ones would leave again
    half_life: float = 60.0  # seconds after which a second of device time counts half
    load_seconds: float = 4.0  # what loading a model takes
    patience: float = 2.0  # loads that an owner may be ahead of another before a model is loaded
    capacity: int = ANY_SIZE  # numbers that the models of a task may hold; larger ones are for other pools

    def decayed(self, seconds: float, elapsed: float) -> float:
        """What device time still counts for some seconds later."""
        return seconds * 0.5 ** (max(0.0, elapsed) / self.half_life)

    def nearest(self, lines: Sequence[Line]) -> list[Line]:
        """The lines of which it pays to see more than the first task."""
        return sorted(lines, key=lambda line: (-line.priority, line.used, line.tasks[0].since))[: self.deep]

    def order(self, lines: Sequence[Line], resident: Container[str]) -> list[Waiting]:
        """Every task of these lines, the one to start first."""
        overdue = [line.tasks[0] for line in lines if line.overtaken >= self.bound - self.reserve]
        overdue.sort(key=lambda task: task.since)
        ranked = [(self._rank(line, task, resident), task) for line in lines for task in line.tasks]
        ranked.sort(key=lambda pair: pair[0])
        first = {task.id for task in overdue}
        return [*overdue, *(task for _, task in ranked if task.id not in first)]

    def _rank(self, line: Line, task: Waiting, resident: Container[str]) -> tuple[int, float, float]:
        loads = bool(task.model) and task.model not in resident
        return -line.priority, line.used + loads * self.patience * self.load_seconds, task.since


POLICY = Policy()
