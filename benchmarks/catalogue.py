"""What families cost as they grow: resolving in one of them, and listing all of them."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import httpx

from tests.stack import ROOT, RunningStack

AXES = 6
SIZES = {10: 2, 100: 3, 1000: 4}  # members → options of each axis
FAMILIES = 200
MEMBERS_EACH = 20  # of each family that only the list shows
ROUNDS = 300
INPUTS = {"prompt": "a red circle on a blue background"}


def run(stack: RunningStack) -> None:
    command = [sys.executable, "-m", "benchmarks.resolving"]
    subprocess.run(command, cwd=ROOT, env=stack.environment, check=True)
    print(f"{'over HTTP':<36} p50 ms  p99 ms   bytes")
    with stack.client() as client:
        for members in SIZES:
            address = f"/v1/catalog/of-{members}"
            _print(f"POST resolve, {members} members", lambda to=address: _resolve(client, to))
            _get(client, address, f"{members} members")
        _get(client, "/v1/catalog", f"{FAMILIES} families")
        _print("GET /healthz, to compare", lambda: client.get("/healthz"))


def spread(call: Callable[[], object], rounds: int = ROUNDS) -> str:
    """Median and 99th percentile of the milliseconds that a call takes, as two columns."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return f"{statistics.median(seconds) * 1e3:6.2f}  {statistics.quantiles(seconds, n=100)[98] * 1e3:6.2f}"


def _get(client: httpx.Client, address: str, what: str) -> None:
    _print(f"GET, {what}", lambda: client.get(address))
    known = {"If-None-Match": client.get(address).headers["ETag"]}
    _print(f"GET with If-None-Match, {what}", lambda: client.get(address, headers=known))


def _resolve(client: httpx.Client, address: str) -> httpx.Response:
    return client.post(f"{address}/resolve", json={"inputs": INPUTS})


def _print(name: str, call: Callable[[], httpx.Response]) -> None:
    answer = call()
    print(f"{name:<36} {spread(call)}  {len(answer.content):6}  {answer.status_code}")
