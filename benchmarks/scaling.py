"""What more pools are worth: one, two and eight of them with a pipeline that sleeps, on one machine."""

import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.stack import RunningStack, waited

from .live import live_stack, wait_until_idle
from .queueing import ask
from .ratio import verdict
from .simulation import Costs

POOLS = 8
BARS = {2: 1.9, 8: 7.5}
STEPS, STEP = 20, 0.05  # a picture of a second
EACH = 10  # pictures for every pool that runs
ROUNDS = ((8, 2, 1), (1, 2, 8), (8, 2, 1), (1, 2, 8), (8, 2, 1))
SECONDS = """
SELECT extract(epoch FROM max(completed_at) - min(started_at))::float FROM strategies_task
WHERE generation_id = ANY(%s::uuid[])
"""


def main() -> None:
    rates: dict[int, list[float]] = {1: [], **{number: [] for number in BARS}}
    with live_stack(Costs(load=0.0, lora=0.0, step=STEP), resident=1, pools=POOLS) as stack:
        stack.manage("seed_catalogue", "--benchmarks")
        with stack.client() as client:
            running = POOLS
            for number in (number for around in ROUNDS for number in around):
                _change(stack, client, running, number)
                running = number
                rates[number].append(_rate(stack, client, number))
    for number, measured in rates.items():
        print(f"{number} pools  {statistics.median(measured):5.2f} pictures/s")
    for number, bar in BARS.items():
        print(verdict(f"pools-{number}", _times(rates[number], rates[1]), at_least=bar))


def _times(many: Sequence[float], one: Sequence[float]) -> list[float]:
    return [more / alone for more, alone in zip(many, one, strict=True)]


def _change(stack: RunningStack, client: httpx.Client, running: int, wanted: int) -> None:
    """Stop or start pools, the last first, and wait until that is all the server hears of."""
    low, high = sorted((running, wanted))
    for number in range(low + 1, high + 1):
        stack.control("stop" if wanted < running else "start", f"atelier:pool-draw{number}")

    def settled() -> bool:
        pools = client.get("/v1/pools").json()["results"]
        return sum("generation" in pool["queues"] for pool in pools) == wanted

    waited(settled)


def _rate(stack: RunningStack, client: httpx.Client, pools: int) -> float:
    """Pictures per second, from the first start to the last end, of a backlog for all pools."""
    with ThreadPoolExecutor(4) as threads:
        bodies = [ask(STEPS, num_predictions=EACH)] * pools
        answers = list(threads.map(lambda body: client.post("/v1/generations", json=body).json(), bodies))
    wait_until_idle(client)
    with stack.database() as database:
        (seconds,) = database.execute(SECONDS, [[answer["id"] for answer in answers]]).fetchone()
    return pools * EACH / seconds


if __name__ == "__main__":
    main()
