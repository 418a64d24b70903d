"""What requests are promised in the simulation, where all is known but what comes later: exactly repeatable.

`python -m benchmarks.foretelling`: the first requests of every trace, and the same promises against what it
would have taken had nothing come later. The first errors nobody can help; the second would be the forecast's.
"""

from collections.abc import Sequence
from dataclasses import replace

from strategies.forecast import Backlog, Job, Server, play
from strategies.policy import POLICY, Policy
from strategies.promises import Errors, errors_of

from .simulation import Atelier, Costs, World
from .simulation import Job as Simulated
from .traces import TRACES, Request, trace

REQUESTS = 120
RESIDENT = 3
COSTS = Costs()
Promise = tuple[float, float]  # what was promised, and what it took


def main() -> None:
    print_head()
    for name in TRACES:
        requests = trace(name)[:REQUESTS]
        print_errors(f"{name}, simulated", errors_of(foretold(requests, COSTS, RESIDENT)))
        print_errors(f"{name}, nothing later", errors_of(foretold_alone(requests, COSTS, RESIDENT)))


def print_head() -> None:
    print(f"{'':<28} promised   |error| median      p90     bias", flush=True)


def print_errors(what: str, errors: Errors) -> None:
    row = f"{what:<28} {errors.promises:8} {errors.median:16.0%} {errors.p90:8.0%} {errors.bias:+8.0%}"
    print(row, flush=True)


def foretold(requests: Sequence[Request], costs: Costs, resident: int) -> list[Promise]:
    """Of each request, in their order: what it is promised when it arrives."""
    policy = replace(POLICY, load_seconds=costs.load)
    jobs = [Simulated(number, request, costs.work(request), 0) for number, request in enumerate(requests)]
    world, chooser = World(costs, resident, jobs), Atelier(policy)
    promised: dict[int, float] = {}
    took: dict[int, float] = {}
    for _ in jobs:
        world.arrive()
        for new in world.waiting:
            if new.number not in promised:
                promised[new.number] = world.now - new.request.arrival_s + _done(world, new, policy)
        job = chooser.choose(world)
        world.run(job, policy, chooser.evict)
        took[job.number] = world.now - job.request.arrival_s
    return [(promised[job.number], took[job.number]) for job in jobs]


def foretold_alone(requests: Sequence[Request], costs: Costs, resident: int) -> list[Promise]:
    """The same promises, and what each would have taken had nothing come later."""
    return [foretold(requests[: number + 1], costs, resident)[-1] for number in range(len(requests))]


def _done(world: World, last: Simulated, policy: Policy) -> float:
    """In how many seconds it is done, as if nothing came after it."""
    lines: dict[str, list[Job]] = {}
    for job in world.waiting:
        if job.number <= last.number:
            one = Job(job.number, job.request.arrival_s, job.work, job.request.model, world.costs.load)
            lines.setdefault(job.request.owner, []).append(one)
    backlogs = [
        Backlog(owner, 0, policy.decayed(line.used, world.now - line.used_at), jobs)
        for owner, jobs in lines.items()
        for line in [world.backlogs[owner]]
    ]
    device = Server(resident=list(world.resident), room=world.capacity)
    return play(backlogs, [device], policy)[last.number].done


if __name__ == "__main__":
    main()
