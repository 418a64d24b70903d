"""`python -m benchmarks.simulate TRACE.csv`: what a policy makes of a trace, as one line of JSON.

The policies: `atelier` is the object that the workers ask; `fifo` is one queue in order of arrival; `optimum`
is the shortest of three schedules made with hindsight: achieved, so a better one may exist.
"""

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from strategies.policy import POLICY

from . import live
from .hindsight import optimum
from .simulation import Atelier, Costs, Fifo, Report, simulate
from .tracefile import TraceError, read_trace
from .traces import Request


def main() -> None:
    options = _parser().parse_args()
    try:
        trace = read_trace(options.trace)
    except TraceError as error:
        sys.exit(str(error))
    costs = Costs(load=options.load_seconds, lora=options.lora_seconds, step=options.step_seconds)
    if options.live and options.policy != "atelier":
        sys.exit("Real workers follow the policy atelier; leave out --policy, or --live.")
    if options.live:
        print(json.dumps(asdict(_lived(trace, costs, options.resident, options.speed))))
    else:
        print(json.dumps(asdict(report(trace, options.policy, costs, options.resident))))


def report(trace: list[Request], policy: str, costs: Costs, resident: int) -> Report:
    """What one of the policies makes of a trace."""
    if policy == "optimum":
        return optimum(trace, costs, resident)
    ours = replace(POLICY, load_seconds=costs.load)
    return simulate(trace, Fifo() if policy == "fifo" else Atelier(ours), ours, costs, resident)[0]


def _lived(trace: list[Request], costs: Costs, resident: int, speed: float) -> Report:
    """What Atelier's own workers make of it, in the trace's own seconds."""
    with live.live_stack(costs, resident, speed) as stack:
        return live.report(live.replay(stack, trace, costs, speed), costs, speed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulate", description=__doc__)
    parser.add_argument("trace", type=Path, help="a CSV file, such as `python -m benchmarks.traces` writes")
    parser.add_argument("--policy", choices=("atelier", "fifo", "optimum"), default="atelier")
    parser.add_argument("--resident", type=_count, default=3, help="models that stay loaded")
    parser.add_argument(
        "--live", action="store_true", help="replay it through real workers: all of Atelier is started"
    )
    parser.add_argument("--speed", type=_factor, default=1.0, help="of a live replay; costs shrink with it")
    own = Costs()
    for name, what in (("load", "a model"), ("lora", "a LoRA"), ("step", "a step of 1024 x 1024 pixels")):
        parser.add_argument(f"--{name}-seconds", type=_seconds, default=getattr(own, name), help=what)
    return parser


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; use 1 or more")
    return int(text)


def _factor(text: str) -> float:
    if not (factor := _seconds(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no speed; use more than 0")
    return factor


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} are no seconds; use 0 or more")
    return seconds


if __name__ == "__main__":
    main()
