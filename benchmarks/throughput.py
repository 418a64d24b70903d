"""Generations of a no-op pipeline: how fast they are accepted, how fast they end, whether any is lost."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.stack import TERMINAL, RunningStack

GENERATIONS = 500
CLIENTS = 4
ASK = {"workflow": "noop", "inputs": {"prompt": "x", "num_inference_steps": 1, "width": 64, "height": 64}}


def run(stack: RunningStack) -> None:
    with stack.client() as client, ThreadPoolExecutor(CLIENTS) as threads:
        client.post("/v1/generations", json=ASK, headers={"Prefer": "wait=60"}).raise_for_status()
        began = time.monotonic()
        answers = list(threads.map(lambda _: client.post("/v1/generations", json=ASK), range(GENERATIONS)))
        accepted = time.monotonic() - began
        states = _ended(client, [answer.json()["id"] for answer in answers])
        ended = time.monotonic() - began
    print(f"accepted  {GENERATIONS / accepted:7.1f} generations/s ({CLIENTS} clients, one web process)")
    print(f"finished  {GENERATIONS / ended:7.1f} generations/s (one pool, submit to stored result)")
    print(f"states    {dict(states)} of {GENERATIONS}; lost {GENERATIONS - states['succeeded']}")


def _ended(client, ids: list[str]) -> Counter:
    """How they ended, once all have; the oldest is asked first, so few are asked twice."""
    states: Counter = Counter()
    for each in ids:
        while (status := client.get(f"/v1/generations/{each}").json()["status"]) not in TERMINAL:
            time.sleep(0.05)
        states[status] += 1
    return states
