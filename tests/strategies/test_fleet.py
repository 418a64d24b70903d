import pytest
from django.utils import timezone

from strategies.fleet import State, pool_states, why_unserved
from strategies.models import PoolHold, Status
from strategies.places import Prospect, place_of_new
from strategies.pools import Condition, PoolReport, report
from strategies.queue_view import forget_views
from strategies.queues import queue_state
from strategies.services.pools import pool_drain, pool_pause, pool_resume
from tests.factories import make_generation, the_task

from .lifecycle import claim

NOW = timezone.now().isoformat()


def live(name="gpu@here", **more) -> None:
    facts = {"device": "cpu", "queues": ["generation"], "heartbeat_at": NOW, "started_at": NOW}
    report(PoolReport(name=name, **{**facts, **more}))


def only() -> State:
    (pool,) = pool_states()
    return pool.state


@pytest.mark.parametrize(
    ("condition", "hold", "state"),
    [
        (Condition.READY, None, State.RUNNING),
        (Condition.STARTING, None, State.STARTING),
        (Condition.DRAINED, None, State.STARTING),
        (Condition.UNFIT, None, State.UNFIT),
        (Condition.UNFIT, PoolHold.Kind.PAUSE, State.UNFIT),
        (Condition.READY, PoolHold.Kind.PAUSE, State.PAUSED),
        (Condition.READY, PoolHold.Kind.DRAIN, State.DRAINING),
        (Condition.DRAINED, PoolHold.Kind.DRAIN, State.DRAINED),
    ],
)
def test_a_state_is_what_the_pool_says_and_what_it_was_told(db, condition, hold, state):
    live(condition=condition)
    if hold:
        PoolHold.objects.create(pool="gpu@here", kind=hold, by="ada")
    assert only() is state


def test_a_pool_that_was_told_something_is_known_when_it_is_silent(owner):
    pool_pause("gpu@here", by=owner)
    assert only() is State.SILENT
    pool_resume("gpu@here", by=owner)
    assert pool_states() == []


def test_who_held_a_pool_first_stays_known_until_it_is_held_in_another_way(owner, django_user_model):
    second = django_user_model.objects.create_user("second")
    for told in (pool_pause, pool_drain):
        told("gpu@here", by=owner), told("gpu@here", by=second)
        assert PoolHold.objects.get().by == owner.username
    assert PoolHold.objects.get().kind == PoolHold.Kind.DRAIN


def test_a_pool_is_not_drained_while_it_holds_tasks(owner, workflow):
    live("worker@here", condition=Condition.DRAINED)
    make_generation(owner, workflow, num_predictions=2)
    held = {str(claim(worker="worker@here").task.id) for _ in range(2)}
    pool_drain("worker@here", by=owner)
    (pool,) = pool_states()
    assert pool.state is State.DRAINING and set(pool.in_flight) == held


def test_a_held_pool_claims_nothing_and_others_go_on(owner, workflow):
    generation = make_generation(owner, workflow)
    pool_pause("a@here", by=owner)
    assert claim(worker="a@here") is None
    assert the_task(generation).status == Status.STARTING
    assert claim(worker="b@here").task == the_task(generation)


def test_work_that_only_held_or_unfit_pools_could_do_waits_and_says_for_whom(owner, workflow):
    def new() -> Prospect:
        forget_views()
        return place_of_new(owner.pk, ["generation"], workflow)

    live("a@here"), live("b@here", condition=Condition.UNFIT, reason="It has fallen off the bus.")
    pool_pause("a@here", by=owner)
    place, state = new(), queue_state("generation")
    assert (place.possible, place.position, place.pools, state.pools, state.eta_seconds) == (
        False,
        None,
        [],
        0,
        None,
    )
    (sentence,) = place.reasons
    assert f"a@here was paused by {owner.username}; b@here is unfit (It has fallen off the bus)" in sentence
    live("c@here")
    assert new().possible and queue_state("generation").pools == 1
    assert why_unserved("video", pool_states()) == "No live pool serves the queue “video”."
