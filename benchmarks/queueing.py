"""R1 to R4: what the queue costs, beside bare Celery. `python -m benchmarks.queueing R2,R3`"""

import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
from celery import group

from tests.stack import RunningStack

from .bare import bare_celery
from .live import live_stack, wait_until_idle
from .ratio import pairs, ratios, verdict
from .simulation import Costs

CREATED = 100  # requests of an arm
CLIENTS = 4
NOTHINGS = 100
IDLE = 15
BACKLOG = 30
STEPS, STEP = 5, 0.01  # of a picture of 50 ms; seconds
FREE = Costs(load=0.0, lora=0.0, step=0.0)
IDLE_SECONDS = """
SELECT (result->'timings'->>'idle_s')::float FROM strategies_task
WHERE generation_id = %s ORDER BY completed_at
"""
Ask = dict[str, object]


def ask(steps: int = 1, **more: object) -> Ask:
    inputs = {"prompt": "x", "num_inference_steps": steps, "width": 64, "height": 64}
    return {"workflow": "noop", "inputs": inputs, **more}


def creating(stack: RunningStack) -> str:
    """R1: what publishing adds to a request; the pool that would run them is stopped."""
    stack.control("stop", "atelier:pool-draw1")
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    with stack.client() as client, ThreadPoolExecutor(CLIENTS) as threads:

        def rate(body: Ask) -> float:
            began = time.monotonic()
            answers = list(threads.map(lambda _: client.post("/v1/generations", json=body), range(CREATED)))
            assert {answer.status_code for answer in answers} == {202}
            return CREATED / (time.monotonic() - began)

        measured = pairs(lambda: rate(ask()), lambda: rate(ask(not_before=later)))
    return verdict("R1", ratios(measured), at_least=0.6)


def throughput(stack: RunningStack) -> str:
    """R2: from submit to stored result, against `group().get()`."""
    with stack.client() as client, ThreadPoolExecutor(CLIENTS) as threads, bare_celery() as bare:

        def ours() -> float:
            began = time.monotonic()
            list(threads.map(lambda _: client.post("/v1/generations", json=ask()), range(NOTHINGS)))
            wait_until_idle(client)
            return NOTHINGS / (time.monotonic() - began)

        def reference() -> float:
            began = time.monotonic()
            group([bare.signature("nothing")] * NOTHINGS).apply_async().get()
            return NOTHINGS / (time.monotonic() - began)

        return verdict("R2", ratios(pairs(ours, reference)), at_least=0.25)


def idle(stack: RunningStack) -> str:
    """R3: from the moment a client sends to the moment a worker starts, nobody else waiting."""
    with stack.client() as client, bare_celery() as bare:

        def ours() -> float:
            return statistics.median(_start_after(client) for _ in range(IDLE))

        def reference() -> float:
            return statistics.median(-time.time() + bare.send_task("nothing").get() for _ in range(IDLE))

        return verdict("R3", ratios(pairs(ours, reference)), at_most=3)


def gaps(stack: RunningStack) -> str:
    """R4: seconds between two jobs of 50 ms in which the pipeline does nothing; p95 of a run."""
    with stack.client() as client:
        runs = [_idle_between(stack, client) for _ in range(6)][1:]
    return verdict("R4", [statistics.quantiles(run, n=20)[18] for run in runs], at_most=0.010)


def _start_after(client: httpx.Client) -> float:
    sent = time.time()
    answer = client.post("/v1/generations", json=ask(), headers={"Prefer": "wait=60"}).json()
    return datetime.fromisoformat(answer["predictions"][0]["started_at"]).timestamp() - sent


def _idle_between(stack: RunningStack, client: httpx.Client) -> list[float]:
    """What the pipeline says it waited for each job of a backlog but the first."""
    generation = client.post("/v1/generations", json=ask(STEPS, num_predictions=BACKLOG)).json()["id"]
    wait_until_idle(client)
    with stack.database() as database:
        waited_for = database.execute(IDLE_SECONDS, [generation]).fetchall()
    return [seconds for (seconds,) in waited_for[1:]]


# R1 comes last of its stack, as it leaves a backlog.
FAST: dict[str, Callable[[RunningStack], str]] = {"R2": throughput, "R3": idle, "R1": creating}
SLOW: dict[str, Callable[[RunningStack], str]] = {"R4": gaps}


def main() -> None:
    wanted = sys.argv[1].split(",") if len(sys.argv) > 1 else [*FAST, *SLOW]
    for measures, costs in ((FAST, FREE), (SLOW, Costs(load=0.0, lora=0.0, step=STEP))):
        chosen = [measures[name] for name in measures if name in wanted]
        if chosen:
            with live_stack(costs, resident=1) as stack:
                stack.manage("seed_catalogue", "--benchmarks")
                for measure in chosen:
                    print(measure(stack), flush=True)


if __name__ == "__main__":
    main()
