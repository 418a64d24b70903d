"""What requests were promised when they were accepted, against what it took: traces through real workers.

Nobody knows what will arrive later and go before. What that alone costs is shown as well: the error of the
same promises in the simulation, where everything else is known. Seconds are some times shorter than they say.
"""

from collections.abc import Sequence

from strategies.forecast import Backlog, Job, Server, play
from strategies.policy import POLICY
from strategies.promises import Errors, errors_of

from .live import live_stack, replay
from .simulation import Atelier, Costs, World
from .simulation import Job as Simulated
from .traces import Request, trace

REQUESTS = 80
SPEED = 5.0
RESIDENT = 3
COSTS = Costs()
PROMISES = """
SELECT promised_seconds, extract(epoch FROM completed_at - created_at)::float8 FROM strategies_prediction
WHERE created_at > %s AND promised_seconds IS NOT NULL
"""


def main() -> None:
    print(f"{'':<24} promised   |error| median      p90     bias", flush=True)
    with live_stack(COSTS, RESIDENT, SPEED) as stack, stack.database() as database:
        for name in ("loras", "mixed", "bursts"):
            requests = trace(name)[:REQUESTS]
            (before,) = database.execute("SELECT now()").fetchone()
            replay(stack, requests, COSTS, SPEED)
            _print(f"{name}, measured", errors_of(database.execute(PROMISES, [before]).fetchall()))
            _print(f"{name}, arrivals alone", errors_of(_foretold(requests)))


def _print(what: str, errors: Errors) -> None:
    row = f"{what:<24} {errors.promises:8} {errors.median:16.0%} {errors.p90:8.0%} {errors.bias:+8.0%}"
    print(row, flush=True)


def _foretold(requests: Sequence[Request]) -> list[tuple[float, float]]:
    """What each is promised when it arrives, by the costs themselves, and what it takes."""
    jobs = [Simulated(number, request, COSTS.work(request), 0) for number, request in enumerate(requests)]
    world, chooser, promised, took = World(COSTS, RESIDENT, jobs), Atelier(POLICY), {}, {}
    for _ in requests:
        world.arrive()
        for job in world.waiting:
            if job not in promised:
                waited = world.now - job.request.arrival_s
                promised[job] = waited + _done(world, job)
        job = chooser.choose(world)
        world.run(job, POLICY, chooser.evict)
        took[job] = world.now - job.request.arrival_s
    return [(promised[job], took[job]) for job in promised]


def _done(world: World, last: Simulated) -> float:
    """In how many seconds it is done, as if nothing came after it."""
    lines: dict[str, list[Job]] = {}
    for job in world.waiting:
        if job.number <= last.number:
            one = Job(job.number, job.request.arrival_s, job.work, job.request.model, COSTS.load)
            lines.setdefault(job.request.owner, []).append(one)
    backlogs = [
        Backlog(owner, 0, POLICY.decayed(line.used, world.now - line.used_at), jobs)
        for owner, jobs in lines.items()
        for line in [world.backlogs[owner]]
    ]
    device = Server(resident=list(world.resident), room=world.capacity)
    return play(backlogs, [device], POLICY)[last.number].done


if __name__ == "__main__":
    main()
