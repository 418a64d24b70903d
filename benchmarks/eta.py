"""What requests were promised when they were accepted, against what it took: traces through real workers.

Nobody knows what will arrive later and go before. What that alone costs is shown as well: the errors of such
promises in the simulation, where the same arrivals cost what they were measured to and all else is known.
"""

import statistics
from collections.abc import Sequence
from dataclasses import replace

from strategies.forecast import Backlog, Job, Server, play
from strategies.policy import POLICY, Policy
from strategies.promises import Errors, errors_of

from .live import live_stack, replay
from .simulation import Atelier, Costs, World
from .simulation import Job as Simulated
from .traces import Request, trace

REQUESTS = 80
SPEED = 4.0
RESIDENT = 3
COSTS = Costs()
MEASURED = """
SELECT extract(epoch FROM prediction.created_at)::float8, device_seconds, load_seconds, promised_seconds,
    extract(epoch FROM prediction.completed_at - prediction.created_at)::float8
FROM strategies_prediction AS prediction JOIN strategies_task AS task ON task.prediction_id = prediction.id
WHERE prediction.created_at > %s ORDER BY prediction.created_at
"""


def main() -> None:
    print(f"{'':<24} promised   |error| median      p90     bias", flush=True)
    with live_stack(COSTS, RESIDENT, SPEED) as stack, stack.database() as database:
        for name in ("loras", "mixed", "bursts"):
            requests = trace(name)[:REQUESTS]
            (before,) = database.execute("SELECT now()").fetchone()
            replay(stack, requests, COSTS, SPEED)
            rows = database.execute(MEASURED, [before]).fetchall()
            promises = [(promised, took) for *_, promised, took in rows if promised is not None]
            _print(f"{name}, measured", errors_of(promises))
            _print(f"{name}, arrivals alone", errors_of(_foretold(requests, rows)))


def _print(what: str, errors: Errors) -> None:
    row = f"{what:<24} {errors.promises:8} {errors.median:16.0%} {errors.p90:8.0%} {errors.bias:+8.0%}"
    print(row, flush=True)


def _foretold(requests: Sequence[Request], rows: Sequence[tuple[float, ...]]) -> list[tuple[float, float]]:
    """What each is promised when it arrives, and what it takes."""
    jobs = [
        Simulated(number, replace(request, arrival_s=arrival), work, 0)
        for number, (request, (arrival, work, *_)) in enumerate(zip(requests, rows, strict=True))
    ]
    load = statistics.fmean([row[2] for row in rows if row[2]] or [0.0])
    policy = replace(POLICY, load_seconds=load)
    world, chooser = World(Costs(load=load), RESIDENT, jobs), Atelier(policy)
    promised: dict[Simulated, float] = {}
    promises = []
    for _ in jobs:
        world.arrive()
        for new in (job for job in world.waiting if job not in promised):
            promised[new] = world.now - new.request.arrival_s + _done(world, new, policy)
        world.run(chooser.choose(world), policy, chooser.evict)
        took = world.now - world.started[-1].request.arrival_s
        promises.append((promised[world.started[-1]], took))
    return promises


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
