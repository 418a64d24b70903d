"""The pools as they stand: what each says of itself, what operators told it, and the tasks that it holds."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from .models import PoolHold
from .pools import Condition, PoolReport, live_pools
from .rows import rows

IN_FLIGHT = """
SELECT worker, id::text FROM strategies_task
WHERE status = 'processing' AND worker = ANY(%s) ORDER BY started_at, strategies_task.id
"""


class State(StrEnum):
    """What an operator reads first."""

    STARTING = "starting"
    RUNNING = "running"
    UNFIT = "unfit"
    PAUSED = "paused"
    DRAINING = "draining"
    DRAINED = "drained"
    SILENT = "silent"  # not heard of lately; known only because it is still told to take no work


@dataclass(frozen=True, slots=True)
class PoolState:
    """One pool."""

    name: str
    report: PoolReport | None
    hold: PoolHold | None = None
    in_flight: list[str] = field(default_factory=list)  # task ids

    @property
    def state(self) -> State:
        if self.report is None:
            return State.SILENT
        if self.report.condition is Condition.UNFIT:
            return State.UNFIT
        if self.hold is None:
            return State.RUNNING if self.report.condition is Condition.READY else State.STARTING
        if self.hold.kind == PoolHold.Kind.PAUSE:
            return State.PAUSED
        done = self.report.condition is Condition.DRAINED and not self.in_flight
        return State.DRAINED if done else State.DRAINING

    @property
    def reason(self) -> str:
        """Why it takes no work, as the end of a sentence; empty when it does."""
        because = []
        if self.report is None:
            because.append("has not been heard of lately")
        elif self.report.condition is Condition.UNFIT:
            because.append(f"is unfit ({self.report.reason.rstrip('.')})")
        elif self.state is State.STARTING:
            because.append("is starting")
        if self.hold is not None:
            told = "paused" if self.hold.kind == PoolHold.Kind.PAUSE else "told to drain"
            because.append(f"was {told} by {self.hold.by}")
        return " and ".join(because)

    @property
    def takes_work(self) -> bool:
        return self.state is State.RUNNING

    def serves(self, queue: str) -> bool:
        return self.report is not None and queue in self.report.queues


def pool_states() -> list[PoolState]:
    """Every pool that lives or is held, by name."""
    reports = {report.name: report for report in live_pools()}
    holds = {hold.pool: hold for hold in PoolHold.objects.all()}
    names = sorted({*reports, *holds})
    held = _in_flight(names)
    return [PoolState(name, reports.get(name), holds.get(name), held[name]) for name in names]


def working(pools: Sequence[PoolState]) -> list[PoolReport]:
    """What those say of themselves that take work now."""
    return [pool.report for pool in pools if pool.report and pool.takes_work]


def why_unserved(queue: str, pools: Sequence[PoolState]) -> str | None:
    """A sentence when none of the pools takes work from a queue; None when one does."""
    serving = [pool for pool in pools if pool.serves(queue)]
    if not serving:
        return f"No live pool serves the queue “{queue}”."
    if any(pool.takes_work for pool in serving):
        return None
    said = "; ".join(f"{pool.name} {pool.reason}" for pool in serving)
    return f"No pool takes work from the queue “{queue}” now: {said}."


def why_never(queue: str, parameters: int, pools: Sequence[PoolReport]) -> str | None:
    """A sentence when pools serve a queue, and none could load models that hold so many numbers."""
    serving = [pool for pool in pools if queue in pool.queues]
    if not serving or any(pool.capacity >= parameters for pool in serving):
        return None
    said = "; ".join(f"{pool.name} {_lack(pool, parameters)}" for pool in serving)
    return f"No pool that serves the queue “{queue}” can load the models of this task: {said}."


def _lack(pool: PoolReport, parameters: int) -> str:
    if not pool.capacity:
        return "has no device"
    budget = pool.memory["budget_bytes"]
    return f"has {_gib(budget)} for models, and needs {_gib(budget / pool.capacity * parameters)}"


def _gib(size: float) -> str:
    return f"{size / 2**30:.3g} GiB"


def in_flight(pool: str) -> list[str]:
    """The tasks that a pool holds."""
    return _in_flight([pool])[pool]


def _in_flight(pools: list[str]) -> dict[str, list[str]]:
    held = defaultdict(list)
    for pool, task in rows(IN_FLIGHT, [pools]) if pools else ():
        held[pool].append(task)
    return held
