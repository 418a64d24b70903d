"""A trace replayed through real workers with the cost-model pipeline: the whole stack."""

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.stack import RunningStack, running_stack, waited

from .simulation import Costs, Report
from .traces import Request

POOL = """
[[pool]]
name = "{name}"
device = "none"
queues = {queues}
"""
DRAWS = ["generation"]
# A stack is ready when every queue is served.
ALL_OTHERS = [
    "editing", "detail_enhancer", "refine", "video", "background_fix", "face_fix", "evaluation", "training",
    "image_adjust", "prompt", "webhooks", "evaluation.remote", "prompt.remote", "maintenance",
]  # fmt: skip
MOST_STEPS = 200
# A workflow for every model, and an account with a key for every owner.
PREPARE = """
import json
from api.models import ApiKey, User
from families.demo_inputs import contract
from families.models import Workflow
names = json.loads({names!r})
document = contract()
for field in document["inputs"]:
    if field["key"] == "num_inference_steps":
        field["maximum"] = {most}
for model in names["models"]:
    Workflow.objects.get_or_create(key=f"trace-{{model}}", defaults=dict(
        display_name=model, strategy="generate", generator="mock", checkpoint=model, contract=document,
        state="published"))
keys = {{}}
for owner in names["owners"]:
    user, _ = User.objects.get_or_create(username=f"trace-{{owner}}")
    keys[owner] = ApiKey.objects.create_key(name="trace", owner=user)[1]
print(json.dumps(keys))
"""
LOOK = """
import json
from strategies.models import Task
rows = Task.objects.filter(generation__in=json.loads({ids!r})).order_by("created_at")
print(json.dumps([[row.created_at.timestamp(), row.started_at.timestamp(), row.completed_at.timestamp(),
    row.status, row.result["timings"]] for row in rows]))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a request, in seconds of the clock."""

    owner: str
    created: float
    started: float
    ended: float
    loaded: float
    total: float


def steps_of(request: Request, costs: Costs) -> int:
    """The request as so many steps of the cost-model pipeline, which knows no sizes."""
    if not costs.step:
        return 1
    return max(1, min(MOST_STEPS, round(costs.work(request) / costs.step)))


@contextmanager
def live_stack(costs: Costs, resident: int, speed: float = 1.0, pools: int = 1) -> Iterator[RunningStack]:
    """Atelier with pools, `draw1` and so on, at the costs of the simulation, `speed` times as fast."""
    cost_model = {
        "load_seconds": costs.load / speed,
        "step_seconds": costs.step / speed,
        "resident": resident,
    }
    names = [f"draw{number}" for number in range(1, pools + 1)]
    served = {**dict.fromkeys(names, DRAWS), "others": ALL_OTHERS}
    text = "".join(POOL.format(name=name, queues=json.dumps(queues)) for name, queues in served.items())
    settings = {"ATELIER_MOCK": json.dumps(cost_model), "LOG_LEVEL": "WARNING"}
    with (
        tempfile.TemporaryDirectory(prefix="atelier-live-", ignore_cleanup_errors=True) as home,
        running_stack(Path(home), text, **settings) as stack,
    ):
        yield stack


def replay(stack: RunningStack, trace: Sequence[Request], costs: Costs, speed: float = 1.0) -> list[Run]:
    """Send every request at its time, by its owner; what became of them, in the order of the trace."""
    return outcome(stack, trace, send(stack, trace, costs, speed))


def replay_backlog(stack: RunningStack, trace: Sequence[Request], costs: Costs) -> list[Run]:
    """Send every request while the pool is held, then let it work; what became of them. Nobody is ahead of
    anybody at first, as in the simulation."""
    with stack.database() as database:
        database.execute("DELETE FROM strategies_share")
    with stack.client("admin") as operator:
        pools = operator.get("/v1/pools").json()["results"]
        (pool,) = (f"/v1/pools/{each['name']}" for each in pools if each["queues"] == DRAWS)
        operator.post(f"{pool}/pause").raise_for_status()
        ids = send(stack, trace, costs)
        operator.post(f"{pool}/resume").raise_for_status()
        return outcome(stack, trace, ids)


def send(stack: RunningStack, trace: Sequence[Request], costs: Costs, speed: float = 1.0) -> list[str]:
    """Send every request at its time, by its owner; the ids of the generations."""
    names = {name: sorted({getattr(each, name[:-1]) for each in trace}) for name in ("models", "owners")}
    code = PREPARE.format(names=json.dumps(names), most=MOST_STEPS)
    keys = json.loads(stack.manage("shell", "--no-imports", "-c", code).splitlines()[-1])
    ids = []
    with stack.client() as client:
        began = time.monotonic() - trace[0].arrival_s / speed
        for request in trace:
            time.sleep(max(0.0, began + request.arrival_s / speed - time.monotonic()))
            body = {
                "workflow": f"trace-{request.model}",
                "inputs": {
                    "prompt": "x", "width": 64, "height": 64, "num_inference_steps": steps_of(request, costs),
                },
            }  # fmt: skip
            authorization = {"Authorization": f"Bearer {keys[request.owner]}"}
            ids.append(client.post("/v1/generations", json=body, headers=authorization).json()["id"])
    return ids


def outcome(stack: RunningStack, trace: Sequence[Request], ids: Sequence[str]) -> list[Run]:
    """What became of them, in the order of the trace, once all are over."""
    with stack.client() as client:
        wait_until_idle(client)
    look = LOOK.format(ids=json.dumps(ids))
    rows = json.loads(stack.manage("shell", "--no-imports", "-c", look).splitlines()[-1])
    assert [row[3] for row in rows] == ["succeeded"] * len(trace), "not everything succeeded"
    return [
        Run(request.owner, created, started, ended, timings["load_s"], timings["total_s"])
        for request, (created, started, ended, _, timings) in zip(trace, rows, strict=True)
    ]


def report(runs: Sequence[Run], costs: Costs, speed: float = 1.0) -> Report:
    """The figures of a simulation, in the trace's own seconds."""
    makespan = max(run.ended for run in runs) - min(run.created for run in runs)
    return Report.of(
        [(run.started - run.created) * speed for run in runs],
        makespan=makespan * speed,
        loads=sum(run.loaded * speed > costs.load / 2 for run in runs),
        largest_bypass=largest_bypass(runs),
    )


def largest_bypass(runs: Sequence[Run]) -> int:
    """How often a task was overtaken (see `strategies.policy`) by younger ones."""
    order = sorted(runs, key=lambda run: run.started)
    most = 0
    for place, run in enumerate(order):
        mine = [at for at, other in enumerate(order[:place]) if other.owner == run.owner]
        served = mine[-1] + 1 if mine else 0
        own = sum(order[at].created > run.created for at in mine)
        others = sum(other.created > run.created for other in order[served:place])
        most = max(most, own + others)
    return most


def wait_until_idle(client: httpx.Client) -> None:
    """Until nothing waits or runs in the queue that draws."""

    def idle() -> bool:
        queues = {queue["name"]: queue for queue in client.get("/v1/queues").json()["results"]}
        return queues["generation"]["depth"] == queues["generation"]["running"] == 0

    waited(idle, seconds=3600)
