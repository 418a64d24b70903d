"""Several pools on one machine: work goes where it can be done, and an operator decides who takes it."""

import pytest

from tests.pictures import circle_and_square, data_uri
from tests.stack import RunningStack, finished, waited

from .work import ASK, submit

WORKERS = (
    "SELECT DISTINCT split_part(worker, '@', 1) FROM strategies_task WHERE generation_id = ANY(%s::uuid[])"
)


@pytest.fixture
def operator(several_pools: RunningStack):
    with several_pools.client("admin") as operator:
        yield operator


@pytest.fixture
def pool(operator):
    """`pool("one")`, as it says of itself; `pool("one", "pause")` tells it something first."""
    nodes = waited(lambda: _both(operator))

    def told(name: str, order: str = "") -> dict:
        address = f"/v1/pools/{nodes[name]}"
        answer = operator.post(f"{address}/{order}") if order else operator.get(address)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return told


def _both(operator) -> dict[str, str] | None:
    """The nodes of "one" and "two", once both have said that they are there."""
    pools = operator.get("/v1/pools").json()["results"]
    nodes = {each["name"].partition("@")[0]: each["name"] for each in pools}
    return nodes if nodes.keys() >= {"one", "two"} else None


def workers_of(stack: RunningStack, ids: list[str]) -> set[str]:
    with stack.database() as database:
        return {name for (name,) in database.execute(WORKERS, [ids])}


def drawn_by(stack: RunningStack, client, number: int) -> set[str]:
    """The pools that do so much work, asked for at once."""
    ids = submit(client, number)
    assert {finished(client, each)["status"] for each in ids} == {"succeeded"}
    return workers_of(stack, ids)


def test_a_paused_pool_finishes_what_it_runs_and_the_other_does_its_work_until_it_is_resumed(
    several_pools, client, pool
):
    waited(lambda: drawn_by(several_pools, client, 6) == {"one", "two"})
    running = submit(client, 2, inputs={**ASK["inputs"], "num_inference_steps": 60})
    (mine,) = waited(lambda: pool("one")["in_flight"])

    paused = pool("one", "pause")
    assert (paused["state"], paused["in_flight"]) == ("paused", [mine])
    assert drawn_by(several_pools, client, 3) == {"two"}
    assert {finished(client, each)["status"] for each in running} == {"succeeded"}
    assert workers_of(several_pools, running) == {"one", "two"}

    assert pool("two", "pause")["state"] == "paused"
    (stuck,) = submit(client, 1)
    place = client.get(f"/v1/generations/{stuck}").json()["predictions"][0]["queue"]
    assert not place["possible"] and "was paused by admin" in place["reasons"][0]
    assert "was paused by admin" in client.get("/readyz").json()["detail"]
    pool("one", "resume")
    assert finished(client, stuck)["status"] == "succeeded"
    pool("two", "resume")
    waited(lambda: drawn_by(several_pools, client, 4) == {"one", "two"})


def test_what_no_pool_can_load_is_refused_with_what_each_lacks(client):
    def lacks(address: str, **ask) -> str:
        refused = client.post(address, json=ask).json()
        assert refused["code"] == "no_pool_fits", refused
        (reason,) = refused["reasons"]
        return reason

    words = {"prompt": "a red circle on a blue background"}
    drawing = lacks("/v1/generations", workflow="pocket-solid-fine", inputs=words)
    assert "one@" in drawing and "two@" in drawing and drawing.count("has no device") == 2
    base = {"base_image": data_uri(circle_and_square())}
    assert "has 0.01 GiB for models, and needs" in lacks("/v1/generations/edit", inputs={**base, **words})
