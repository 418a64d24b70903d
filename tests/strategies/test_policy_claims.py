"""The policy, carried out on rows: who comes first, who pays, who is passed over no longer."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from strategies import lifecycle
from strategies.lifecycle import Failure
from strategies.models import Share, Task
from strategies.models.generation import Priority
from strategies.policy import POLICY
from strategies.shares import charge
from tests.factories import make_generation, make_owner, make_workflow

from .lifecycle import claim, output_of

STRICT = replace(POLICY, bound=12, reserve=2)
TERMS = {"queue": "generation", "worker": "w1@here", "device": "cpu", "lease_seconds": 60}


def model(name: str):
    return make_workflow(checkpoint=name)


def claimed(**terms):
    """The generation whose task is claimed now."""
    held = lifecycle.claim(**TERMS, **terms)
    return held and held.task.generation


def used(owner) -> float:
    return Share.objects.get(owner=owner).seconds


def test_the_owner_that_has_had_less_of_the_device_goes_first(db, workflow):
    greedy, modest = make_owner(), make_owner()
    for _ in range(3):
        make_generation(greedy, workflow)
    asked = make_generation(modest, workflow)
    charge(greedy.pk, 100)
    assert claimed() == asked


def test_owners_pay_what_their_tasks_took_also_the_failed_ones(owner, workflow):
    for _ in range(2):
        make_generation(owner, workflow)
    held = claim()
    lifecycle.succeed(held, output_of(held.task))
    assert used(owner) == pytest.approx(0.5)
    lifecycle.fail(claim(), Failure("broken_output", "NaN", retryable=False))
    assert used(owner) > 0.5


def test_device_time_of_a_minute_ago_counts_half(owner):
    charge(owner.pk, 80)
    Share.objects.update(as_of=timezone.now() - timedelta(seconds=POLICY.half_life))
    charge(owner.pk, 1)
    assert used(owner) == pytest.approx(41, abs=0.5)


def test_a_resident_model_goes_before_age_and_priority_before_both(owner):
    cold, warm = model("cold"), model("warm")
    first, second = make_generation(owner, cold), make_generation(owner, warm)
    urgent = make_generation(owner, cold, priority=Priority.HIGH)
    assert [claimed(resident={"warm"}) for _ in range(3)] == [urgent, second, first]


def test_a_model_stays_until_its_owner_is_ahead_by_what_a_change_is_worth(db):
    here, elsewhere = make_owner(), make_owner()
    for _ in range(2):
        make_generation(here, model("warm"))
    waits = make_generation(elsewhere, model("cold"))
    worth = POLICY.patience * POLICY.load_seconds
    charge(here.pk, worth - 1)
    assert claimed(resident={"warm"}).owner_id == here.pk
    charge(here.pk, 2)
    assert claimed(resident={"warm"}) == waits


def test_what_was_overtaken_often_goes_next_whatever_is_resident(owner):
    cold, warm = model("cold"), model("warm")
    first = make_generation(owner, cold)
    make_generation(owner, warm, num_predictions=16)
    order = [claimed(resident={"warm"}, policy=STRICT) for _ in range(16)]
    assert order.index(first) == STRICT.bound - STRICT.reserve


@pytest.mark.django_db(transaction=True)
def test_a_line_is_passed_over_no_longer_than_the_bound_whatever_its_priority(workflow):
    humble, urgent = make_owner(), make_owner()
    low = make_generation(humble, workflow, priority=Priority.LOW)
    make_generation(urgent, workflow, num_predictions=16, priority=Priority.HIGH)
    order = [claimed(policy=STRICT) for _ in range(16)]
    assert order.index(low) == STRICT.bound - STRICT.reserve


def test_everybody_is_seen_however_many_owners_wait(db, workflow):
    """More than a claim steps through: whoever waits longest is among the oldest."""
    first = make_generation(make_owner(), workflow)
    for _ in range(POLICY.lines):
        make_generation(make_owner(), workflow)
    assert claimed() == first


def test_a_batch_takes_what_can_run_beside_the_best_and_nothing_else(owner):
    one, other = model("one"), model("other")
    batch = [make_generation(owner, one, seed=seed) for seed in range(3)]
    make_generation(owner, other)
    make_generation(owner, one, not_before=timezone.now() + timedelta(hours=1))
    claims = lifecycle.claim_batch(**TERMS, room=lambda task: 5)
    assert [held.task.generation for held in claims] == batch
    assert {held.task.status for held in claims} == {"processing"}


def test_tasks_that_differ_in_size_have_different_keys_and_those_of_other_types_none(owner, workflow):
    make_generation(owner, workflow, inputs={"width": 64})
    make_generation(owner, workflow, num_predictions=2)
    keys = list(Task.objects.order_by("due_at").values_list("batch_key", flat=True))
    assert keys[0] != keys[1] == keys[2] != ""


@pytest.mark.django_db(transaction=True)
def test_workers_that_claim_batches_at_once_share_nothing_and_miss_nothing():
    workflow = make_workflow()
    for _ in range(4):
        make_generation(make_owner(), workflow, num_predictions=10)

    def work(number):
        try:
            mine = []
            while claims := lifecycle.claim_batch(**{**TERMS, "worker": f"w{number}"}, room=lambda _: 3):
                mine += [held.task.id for held in claims]
            return mine
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        taken = [task for mine in threads.map(work, range(4)) for task in mine]
    assert len(taken) == len(set(taken)) == 40
