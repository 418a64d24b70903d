"""R6 and R7: the mixed trace through real workers, against the same pipeline behind bare Celery.

All requests wait from the start, so that the order of work is what counts; all takes a tenth of the time.
"""

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace

from strategies.policy import POLICY

from .bare import bare_celery, draw
from .live import live_stack, replay, report, steps_of
from .ratio import pairs, verdict
from .simulate import report as simulated
from .simulation import Costs
from .traces import Request, trace

REQUESTS = 60
SPEED = 10.0
COSTS = Costs()


def main() -> None:
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


def _promised(requests: Sequence[Request], resident: int) -> float:
    fifo, ours = (simulated(list(requests), policy, COSTS, resident) for policy in ("fifo", "atelier"))
    return fifo.makespan_s / ours.makespan_s


def _measured(requests: Sequence[Request], resident: int) -> tuple[list[float], int]:
    """How many times as fast as in order of arrival, for each pair, and the largest bypass of all."""
    seconds = {"load_seconds": COSTS.load / SPEED, "step_seconds": COSTS.step / SPEED}
    bypasses = [0]
    with (
        live_stack(COSTS, resident, SPEED) as stack,
        bare_celery(ATELIER_MOCK=json.dumps({**seconds, "resident": resident})),
    ):

        def ours() -> float:
            done = report(replay(stack, requests, COSTS, SPEED), COSTS, SPEED)
            bypasses.append(done.largest_bypass)
            return done.makespan_s

        def bare() -> float:
            began = time.time()
            results = [draw.delay(each.model, steps_of(each, COSTS)) for each in requests]
            return (max(result.get()[1] for result in results) - began) * SPEED

        measured = pairs(ours, bare)
    return [reference / our for our, reference in measured], max(bypasses)


if __name__ == "__main__":
    main()
