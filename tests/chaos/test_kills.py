"""Processes die, brokers go away; every generation still ends, and every picture is stored once."""

import time
from collections import Counter

import pytest

from tests.stack import TERMINAL, RunningStack, finished, waited

from .work import ASK, submit

TASK = "SELECT worker, attempt FROM strategies_task WHERE generation_id = %s"


@pytest.fixture
def stack(several_pools: RunningStack) -> RunningStack:
    return several_pools


def task_of(stack: RunningStack, generation: str) -> dict:
    """The one task's row, as the database has it."""
    with stack.database() as database:
        (row,) = database.execute(TASK, [generation]).fetchall()
        return dict(zip(("worker", "attempt"), row, strict=True))


def all_over(client, ids: list[str]) -> list[dict]:
    return [finished(client, each) for each in ids]


def test_a_killed_worker_loses_nothing_and_doubles_nothing(stack, client):
    ids = submit(client, 10)
    for _ in range(2):
        time.sleep(1.5)
        stack.worker_child("one").kill()
    generations = all_over(client, ids)

    assert Counter(each["status"] for each in generations) == {"succeeded": 10}
    assert {len(each["predictions"][0]["output"]) for each in generations} == {1}


def test_a_killed_pool_is_finished_by_another_within_one_lease(stack, client):
    (running,) = submit(client, 1, inputs={**ASK["inputs"], "num_inference_steps": 100})
    name = waited(lambda: task_of(stack, running)["worker"]).partition("@")[0]
    (parent,) = stack.processes("workers.app", f"--hostname {name}@")
    child = stack.worker_child(name)
    parent.kill(), child.kill()

    generation = finished(client, running)
    assert generation["status"] == "succeeded"
    assert len(generation["predictions"][0]["output"]) == 1
    assert task_of(stack, running)["attempt"] > 1
    waited(lambda: stack.processes("workers.app", f"--hostname {name}@"))


def test_an_agentic_loop_goes_on_after_every_kill(stack, client):
    """Whoever draws or judges may die: each attempt is there once, and one is delivered."""
    rules = {"max_attempts": 5, "min_confidence_score": 1.0, "evaluation_provider": "pixel"}
    inputs = {**ASK["inputs"], "prompt": "a red circle on a blue background"}
    ids = submit(client, 3, type="agentic", agentic=rules, inputs=inputs)
    for pool in ("one", "housekeeping", "two", "one", "housekeeping"):
        time.sleep(1)
        stack.worker_child(pool).kill()

    for generation in all_over(client, ids):
        (prediction,) = generation["predictions"]
        attempts = prediction["attempts"]
        assert generation["status"] == "succeeded" and prediction["below_threshold"] is True
        assert [each["number"] for each in attempts] == list(range(1, len(attempts) + 1))
        assert None not in [each["score"] for each in attempts]
        drawn = [each["output"]["id"] for each in attempts]
        (stored,) = prediction["output"]
        assert len(set(drawn)) == len(attempts) and drawn.count(stored["id"]) == 1
        assert len(attempts) == 5 or prediction["decision"] == "scores_fell"


def test_a_dead_broker_costs_no_request(stack, client):
    stack.control("stop", "servers:redis")
    accepted = client.post("/v1/generations", json=ASK)
    assert accepted.status_code == 202
    stack.control("start", "servers:redis")
    generation = finished(client, accepted.json()["id"])
    assert generation["status"] == "succeeded"


def test_a_broker_that_forgets_everything_loses_no_work(stack, client):
    ids = submit(client, 4)
    stack.manage("shell", "-c", "from strategies.events import connection; connection().flushdb()")
    assert {each["status"] for each in all_over(client, ids)} == {"succeeded"}


def test_a_database_that_restarts_in_the_middle_loses_no_work(stack, client):
    ids = submit(client, 4)
    time.sleep(1)
    (postmaster,) = stack.processes("postgres", "-D")
    postmaster.kill()

    def over():
        answers = [client.get(f"/v1/generations/{each}") for each in ids]
        states = [answer.json()["status"] for answer in answers if answer.status_code == 200]
        return states if len(states) == 4 and all(state in TERMINAL for state in states) else None

    assert waited(over) == ["succeeded"] * 4
