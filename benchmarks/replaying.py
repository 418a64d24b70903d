"""Traces through real workers, ten times as fast. `python -m benchmarks.replaying R6,R7,flood`

R6 and R7: mixed work against the same pipeline behind bare Celery; all of it waits from the start, so that
the order of work is what counts. `flood`: what somebody with little work waits while another has much.
"""

import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from strategies.policy import POLICY

from .bare import bare_celery
from .live import largest_bypass, live_stack, replay, replay_backlog, steps_of
from .ratio import pairs, verdict
from .simulate import report as simulated
from .simulation import Costs
from .traces import Request, trace

REQUESTS = 30
FLOOD, FLOOD_SECONDS = 100, 150.0  # requests of the one who floods; how long the other asks now and then
SPEED = 10.0
COSTS = Costs()


def main() -> None:
    wanted = sys.argv[1].split(",") if len(sys.argv) > 1 else ["R6", "R7", "flood"]
    if {"R6", "R7"} & set(wanted):
        _order()
    if "flood" in wanted:
        print(_fairness())


def _order() -> None:
    requests = [replace(each, arrival_s=0.0) for each in trace("mixed")[:REQUESTS]]
    bypasses = []
    for resident in (1, 3):
        gains, most = _measured(requests, resident)
        bypasses.append(most / POLICY.bound)
        promised = _promised(requests, resident)
        print(
            f"resident {resident}: simulated {promised:.2f} times FIFO, live {statistics.median(gains):.2f}"
        )
        print(verdict(f"R6-{resident}", [gain / promised for gain in gains], at_least=0.9), flush=True)
    print(verdict("R7", bypasses, at_most=1))


def _fairness() -> str:
    """The light owner's longest wait ÷ twice the longest when alone plus one batch: an image and its load."""
    requests = [each for each in trace("flood") if each.arrival_s < FLOOD_SECONDS]
    requests = [each for number, each in enumerate(requests) if each.owner == "light" or number < FLOOD]
    one_batch = COSTS.load + max(COSTS.work(each) for each in requests)
    with live_stack(COSTS, 3, SPEED) as stack:

        def longest(those: Sequence[Request]) -> float:
            runs = replay(stack, those, COSTS, SPEED)
            return max((run.started - run.created) * SPEED for run in runs if run.owner == "light")

        alone = longest([each for each in requests if each.owner == "light"])
        flooded = longest(requests)
    print(f"the light owner waits {alone:.1f} s at most when alone, {flooded:.1f} s under the flood")
    return verdict("flood", [flooded / (2 * alone + one_batch)], at_most=1)


def _promised(requests: Sequence[Request], resident: int) -> float:
    """In the simulation, at the same speed: what an owner has had counts less by the second."""
    costs = Costs(COSTS.load / SPEED, COSTS.lora / SPEED, COSTS.step / SPEED)
    fifo, ours = (simulated(list(requests), policy, costs, resident) for policy in ("fifo", "atelier"))
    return fifo.makespan_s / ours.makespan_s


def _measured(requests: Sequence[Request], resident: int) -> tuple[list[float], int]:
    """How many times as fast as in order of arrival, for each pair, and the largest bypass of all."""
    seconds = {"load_seconds": COSTS.load / SPEED, "step_seconds": COSTS.step / SPEED}
    bypasses = [0]
    with (
        live_stack(COSTS, resident, SPEED) as stack,
        bare_celery(ATELIER_MOCK=json.dumps({**seconds, "resident": resident})) as bare,
    ):

        def ours() -> float:
            runs = replay_backlog(stack, requests, COSTS)
            bypasses.append(largest_bypass(runs))
            return (max(run.ended for run in runs) - min(run.started for run in runs)) * SPEED

        def reference() -> float:
            began = time.time()
            results = [bare.send_task("draw", (each.model, steps_of(each, COSTS))) for each in requests]
            return (max(result.get()[1] for result in results) - began) * SPEED

        measured = pairs(ours, reference)
    return [reference / our for our, reference in measured], max(bypasses)


if __name__ == "__main__":
    main()
