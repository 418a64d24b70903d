"""Resident memory of every process after a picture was drawn."""

import psutil

from tests.stack import RunningStack

NAMES = (
    ("workers.app worker", "pool (parent)"),
    ("spawn_main", "pool (child)"),
    ("api.stack.web", "web"),
    ("workers.app beat", "beat"),
    ("workers.app flower", "flower"),
    ("redis-server", "redis"),
    ("postgres", "postgres"),
    ("supervisord", "supervisor"),
)


def run(stack: RunningStack) -> None:
    with stack.client() as client:
        ask = {"family": "shapes", "inputs": {"prompt": "a red circle on a blue background"}}
        client.post("/v1/generations", json=ask, headers={"Prefer": "wait=60"}).raise_for_status()
    rows: dict[str, list[int]] = {}
    for process in [psutil.Process(stack.process.pid), *stack.processes()]:
        try:
            rows.setdefault(_name(process), []).append(process.memory_full_info().pss // 2**20)
        except psutil.Error:
            continue
    for name, sizes in sorted(rows.items(), key=lambda row: -sum(row[1])):
        each = " + ".join(str(size) for size in sorted(sizes, reverse=True)[:6])
        print(f"{name:<14} {sum(sizes):5d} MiB in {len(sizes):2d} process(es): {each}")
    print(f"{'together':<14} {sum(map(sum, rows.values())):5d} MiB (proportional share of what they share)")


def _name(process: psutil.Process) -> str:
    line = " ".join(process.cmdline()) or process.name()
    return next((name for words, name in NAMES if words in line), "other")
