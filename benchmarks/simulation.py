"""One device under a policy, without a clock: who would have waited how long, what would have been loaded.

A request of a trace is one task, whatever number of images it has.
"""

import statistics
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from strategies.policy import Line, Policy, Waiting

from .traces import Request


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds: defaults are those of SDXL in bf16 on one large GPU (docs/performance.md)."""

    load: float = 4.0  # a model that is not resident
    lora: float = 0.1  # each LoRA of a request
    step: float = 0.05  # each step of an image of 1024 x 1024

    def work(self, request: Request) -> float:
        """What a request takes once its model is resident."""
        megapixels = request.width * request.height / 2**20
        return request.steps * request.images * megapixels * self.step + len(request.loras) * self.lora


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a trace."""

    makespan_s: float  # from the first arrival to the last end
    reload_rate: float  # loads by requests
    p50_wait_s: float  # from arrival to start
    p99_wait_s: float
    largest_bypass: int  # how often a task was overtaken (see `strategies.policy`) by younger ones

    @classmethod
    def of(cls, waits: Iterable[float], *, makespan: float, loads: int, largest_bypass: int) -> Self:
        """From the wait of every request, in seconds, and how often a model was loaded."""
        waits = sorted(waits)
        return cls(
            makespan_s=round(makespan, 3),
            reload_rate=round(loads / len(waits), 4),
            p50_wait_s=round(statistics.median(waits), 3),
            p99_wait_s=round(waits[min(len(waits) - 1, int(0.99 * len(waits)))], 3),
            largest_bypass=largest_bypass,
        )


@dataclass(slots=True, eq=False)
class Job:
    """A request on its way."""

    number: int
    request: Request
    work: float
    starts_before: int  # how many had started when it came
    overtaken: int = 0  # by younger ones of its line
    started: float = -1.0

    @property
    def wait(self) -> float:
        return self.started - self.request.arrival_s


@dataclass(slots=True)
class Backlog:
    """What one owner has waiting, oldest first."""

    jobs: list[Job] = field(default_factory=list)
    served: int = 0  # how many had started when it was last served
    used: float = 0.0
    used_at: float = 0.0


class Chooser(Protocol):
    """A policy as the simulation asks it, and which model leaves when another is loaded."""

    def choose(self, world: "World") -> Job: ...

    def evict(self, world: "World") -> str: ...


class World:
    """The device, what waits, and the clock."""

    def __init__(self, costs: Costs, capacity: int, jobs: Sequence[Job]) -> None:
        self.costs = costs
        self.capacity = capacity
        self.future = list(reversed(jobs))  # the next arrival last
        self.waiting: list[Job] = []  # oldest first
        self.backlogs: dict[str, Backlog] = {}
        self.resident: OrderedDict[str, None] = OrderedDict()  # the least recently used first
        self.now = jobs[0].request.arrival_s
        self.loads = 0
        self.started: list[Job] = []
        self.largest_bypass = 0

    def arrive(self) -> None:
        """Let in what has arrived by now; if nothing waits, let time pass until something does."""
        if not self.waiting:
            self.now = max(self.now, self.future[-1].request.arrival_s)
        while self.future and self.future[-1].request.arrival_s <= self.now:
            job = self.future.pop()
            job.starts_before = len(self.started)
            self.waiting.append(job)
            self.backlogs.setdefault(job.request.owner, Backlog()).jobs.append(job)

    def run(self, job: Job, policy: Policy, evict: Callable[["World"], str]) -> None:
        """Start a waiting job and let time pass until it ends."""
        self._note_start(job)
        job.started, began = self.now, self.now
        if job.request.model not in self.resident:
            if len(self.resident) == self.capacity:
                del self.resident[evict(self)]
            self.loads += 1
            self.now += self.costs.load
        self.resident[job.request.model] = None
        self.resident.move_to_end(job.request.model)
        self.now += job.work
        line = self.backlogs[job.request.owner]
        line.used = policy.decayed(line.used, self.now - line.used_at) + self.now - began
        line.used_at = self.now

    def _note_start(self, job: Job) -> None:
        mine = self.backlogs[job.request.owner]
        younger = sum(other.number > job.number for other in self.started[self.passed_since(job) :])
        self.largest_bypass = max(self.largest_bypass, job.overtaken + younger)
        for older in mine.jobs[: mine.jobs.index(job)]:
            older.overtaken += 1
        mine.jobs.remove(job)
        self.waiting.remove(job)
        self.started.append(job)
        mine.served = len(self.started)

    def passed_since(self, job: Job) -> int:
        """How many had started when it came, or when its line was last served, whichever was later."""
        return max(job.starts_before, self.backlogs[job.request.owner].served)


class Fifo:
    """One queue, in order of arrival: what bare Celery does."""

    def choose(self, world: World) -> Job:
        return world.waiting[0]

    def evict(self, world: World) -> str:
        return next(iter(world.resident))


class Atelier:
    """The policy that Atelier's workers ask, seeing what they would see."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def choose(self, world: World) -> Job:
        lines = {owner: self._line(owner, world) for owner, line in world.backlogs.items() if line.jobs}
        for line in self._policy.nearest(list(lines.values())):
            seen = world.backlogs[line.owner].jobs[: self._policy.look_ahead]
            lines[line.owner] = replace(line, tasks=[_waiting(job) for job in seen])
        return self._policy.order(list(lines.values()), world.resident)[0].id

    def evict(self, world: World) -> str:
        return next(iter(world.resident))

    def _line(self, owner: str, world: World) -> Line:
        """A line with its first task."""
        backlog = world.backlogs[owner]
        first = backlog.jobs[0]
        used = self._policy.decayed(backlog.used, world.now - backlog.used_at)
        passed = len(world.started) - world.passed_since(first)
        return Line(owner, 0, used, first.overtaken + passed, [_waiting(first)])


def _waiting(job: Job) -> Waiting:
    return Waiting(job, job.request.arrival_s, job.request.model)


def simulate(
    trace: Sequence[Request], chooser: Chooser, policy: Policy, costs: Costs, resident: int
) -> tuple[Report, list[Job]]:
    """Run a trace, given by arrival, to its end."""
    jobs = [Job(number, request, costs.work(request), 0) for number, request in enumerate(trace)]
    world = World(costs, resident, jobs)
    for _ in jobs:
        world.arrive()
        world.run(chooser.choose(world), policy, chooser.evict)
    report = Report.of(
        [job.wait for job in jobs],
        makespan=world.now - trace[0].arrival_s,
        loads=world.loads,
        largest_bypass=world.largest_bypass,
    )
    return report, jobs
