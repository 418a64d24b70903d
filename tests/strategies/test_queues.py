from datetime import timedelta

import pytest
from django.utils import timezone

from strategies import lifecycle, pools
from strategies.models import Task
from strategies.pools import PoolReport, live_pools, report, withdraw
from strategies.queues import queue_state, queue_states
from strategies.tasktypes import queues
from tests.factories import make_generation

from .lifecycle import claim, output_of


def live(name="gpu@here", queues=("generation",), **more):
    now = timezone.now().isoformat()
    pool = {"device": "cpu", "queues": list(queues), "heartbeat_at": now, "started_at": now, **more}
    report(PoolReport(name=name, **pool))


def finish_one_in(seconds):
    held = claim()
    lifecycle.succeed(held, output_of(held.task))
    began = timezone.now() - timedelta(seconds=seconds)
    Task.objects.filter(id=held.task.id).update(started_at=began)


def test_a_pool_lives_while_it_reports(redis_server):
    live("a@here"), live("b@here")
    assert [pool.name for pool in live_pools()] == ["a@here", "b@here"]
    assert 0 < redis_server.pttl("atelier:pool:a@here") <= 15_000
    withdraw("a@here")
    assert [pool.name for pool in live_pools()] == ["b@here"]


def test_a_queue_tells_its_depth_its_age_and_its_rate(owner, workflow):
    live()
    for _ in range(3):
        make_generation(owner, workflow)
    finish_one_in(2)
    claim()
    state = queue_state("generation")
    assert (state.depth, state.running, state.pools) == (1, 1, 1)
    assert state.per_minute == 0.1
    assert state.seconds_each == pytest.approx(2, abs=0.5)
    assert state.oldest == Task.objects.get(status="starting").created_at
    everything = queue_states()
    assert state in everything and {each.name for each in everything} == set(queues())


def test_a_pool_that_does_several_tasks_at_once_is_through_so_much_sooner(owner, workflow):
    make_generation(owner, workflow, num_predictions=9)
    finish_one_in(3)
    live()
    assert queue_state("generation").eta_seconds == pytest.approx(24, abs=4)
    live(concurrency=4)
    state = queue_state("generation")
    assert state.pools == 1 and state.eta_seconds == pytest.approx(6, abs=1)


def test_pools_are_unknown_rather_than_an_error_while_redis_is_away(monkeypatch):
    monkeypatch.setattr(pools, "connection", lambda: __import__("redis").Redis(port=1, retry=None))
    assert live_pools() == []
