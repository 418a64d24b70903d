"""What could have been, had everybody known the whole trace beforehand."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import accumulate

from strategies.policy import Policy

from .simulation import Costs, Job, Report, World, simulate
from .traces import Request


class Hindsight:
    """Serves all that waits for a resident model before it loads another, and drops the model that is needed
    last (Belady). It owes nobody anything: no shares, no bound, no priorities.

    `prefer` scores the model to load among those that are waited for; the highest wins.
    """

    def __init__(self, prefer: Callable[[World, str], float]) -> None:
        self._prefer = prefer

    def choose(self, world: World) -> Job:
        served = next((job for job in world.waiting if job.request.model in world.resident), None)
        if served:
            return served
        models = sorted({job.request.model for job in world.waiting})
        wanted = max(models, key=lambda model: self._prefer(world, model))
        return next(job for job in world.waiting if job.request.model == wanted)

    def evict(self, world: World) -> str:
        missing = set(world.resident)
        for job in reversed(world.future):  # what waits is for models that are not resident
            missing.discard(job.request.model)
            if not missing:
                return job.request.model
        return min(missing)


def optimum(trace: Sequence[Request], costs: Costs, resident: int) -> Report:
    """The shortest of the schedules found with hindsight. Achieved, so no bound: a better one may exist."""
    runs = [simulate(trace, Hindsight(prefer), Policy(), costs, resident)[0] for prefer in PREFERENCES]
    return min(runs, key=lambda report: report.makespan_s)


def least_makespan(trace: Sequence[Request], costs: Costs) -> float:
    """No schedule on one device is shorter: whatever arrives from some moment on is still to be done then,
    and every model is loaded at least once."""
    first_uses = {request.model: place for place, request in reversed(list(enumerate(trace)))}
    loads = Counter(first_uses.values())
    work = [costs.work(each) + costs.load * loads[place] for place, each in enumerate(trace)]
    left = list(accumulate(reversed(work)))[::-1]
    ends = (each.arrival_s + rest for each, rest in zip(trace, left, strict=True))
    return max(ends) - trace[0].arrival_s


def _oldest(world: World, model: str) -> float:
    return -next(job.number for job in world.waiting if job.request.model == model)


def _most_waiting(world: World, model: str) -> float:
    return sum(job.work for job in world.waiting if job.request.model == model)


def _most_to_come(world: World, model: str) -> float:
    work: defaultdict[str, float] = defaultdict(float)
    for job in (*world.waiting, *world.future):
        work[job.request.model] += job.work
    return work[model]


PREFERENCES = (_oldest, _most_waiting, _most_to_come)
