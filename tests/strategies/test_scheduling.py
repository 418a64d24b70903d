"""Background work begins when nobody waits for a picture, and not much later."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from strategies import lifecycle, scheduling
from strategies.models import PoolHold, Status, Task
from strategies.models.generation import Priority
from strategies.params import TrainingParams, Weights
from strategies.signatures import lone_signature
from strategies.tasktypes import queues
from tests.factories import make_generation
from workers.tasks import TASKS

from .lifecycle import claim

SERVED = ("generation", "refine", "video", "training")


@pytest.fixture
def training(owner) -> Task:
    params = TrainingParams(
        checkpoint=Weights(location="pocket:pocket-sdxl"), subject=uuid4(), images=(uuid4(),),
        prompt="a zorp", num_train_steps=10, rank=4, learning_rate=1e-3, seed=1,
    )  # fmt: skip
    signature = lone_signature(owner.pk, params, priority=Priority.HIGH)
    return lifecycle.start_alone(signature)


def claimed(*, served=SERVED) -> Task | None:
    held = lifecycle.claim(queue="training", worker="w@here", device="cpu", lease_seconds=60, served=served)
    return held and held.task


def test_a_training_begins_when_nothing_waits(training):
    assert claimed() == training


def test_a_training_gives_way_to_a_waiting_picture_and_begins_after_it(owner, workflow, training):
    make_generation(owner, workflow)
    assert claimed() is None
    training.refresh_from_db()
    assert (training.status, training.attempt) == (Status.STARTING, 0)
    assert claim() is not None
    assert claimed() == training


def test_pictures_that_another_pool_draws_hold_nothing_up(owner, workflow, training):
    make_generation(owner, workflow)
    assert claimed(served=("training", "video")) == training


def test_pictures_that_must_not_start_yet_hold_nothing_up(owner, workflow, training):
    make_generation(owner, workflow, not_before=timezone.now() + timedelta(hours=1))
    assert claimed() == training


def test_a_training_is_passed_over_for_ten_minutes_at_most(owner, workflow, training):
    make_generation(owner, workflow)
    almost = timezone.now() - scheduling.PATIENCE + timedelta(seconds=30)
    Task.objects.filter(id=training.id).update(created_at=almost)
    assert claimed() is None
    Task.objects.filter(id=training.id).update(created_at=almost - timedelta(minutes=1))
    assert claimed() == training


def test_patience_begins_when_the_training_may_start(owner, workflow, training):
    make_generation(owner, workflow)
    now = timezone.now()
    Task.objects.filter(id=training.id).update(
        created_at=now - timedelta(hours=2), not_before=now - timedelta(minutes=1)
    )
    assert claimed() is None


def test_pictures_never_give_way(owner, workflow, training):
    make_generation(owner, workflow)
    held = lifecycle.claim(queue="generation", worker="w", device="cpu", lease_seconds=60, served=SERVED)
    assert held.task.task_type == "generation"


def test_the_reaper_calls_again_for_what_was_passed_over(owner, workflow, training, broker_queue):
    make_generation(owner, workflow)
    assert claimed() is None  # and its message is gone
    Task.objects.filter(id=training.id).update(published_at=timezone.now() - timedelta(seconds=31))
    before = broker_queue("training")
    lifecycle.reap(republish_seconds=30)
    assert broker_queue("training") == before + 1


@pytest.mark.django_db(transaction=True)
def test_what_gives_way_in_the_middle_loses_no_attempt_and_waits_anew(
    owner, workflow, training, broker_queue
):
    long_ago = timezone.now() - timedelta(hours=1)
    Task.objects.filter(id=training.id).update(created_at=long_ago)
    held = lifecycle.claim(queue="training", worker="w@here", device="cpu", lease_seconds=60, served=SERVED)
    assert scheduling.turn(held.task) == scheduling.LONG_TURN
    make_generation(owner, workflow)
    before = broker_queue("training")

    assert lifecycle.give_way(held) and not lifecycle.give_way(held)

    training.refresh_from_db()
    assert (training.status, training.attempt, training.lease_token) == (Status.STARTING, 0, None)
    assert scheduling.turn(training) == scheduling.SHORT_TURN
    assert broker_queue("training") == before + 1
    assert claimed() is None
    assert claim() and claimed() == training


def test_a_canceled_training_gives_no_way(training):
    held = lifecycle.claim(queue="training", worker="w@here", device="cpu", lease_seconds=60, served=SERVED)
    lifecycle.cancel_task(training)
    assert not lifecycle.give_way(held)


def test_what_a_free_worker_is_about_to_take_stops_nobody(owner, workflow):
    make_generation(owner, workflow)
    assert not lifecycle.is_in_the_way("w@here", ["generation"])
    Task.objects.update(created_at=timezone.now() - timedelta(seconds=2))
    assert lifecycle.is_in_the_way("w@here", ["generation"])
    assert not lifecycle.is_in_the_way("w@here", ["refine"])
    assert claim() and not lifecycle.is_in_the_way("w@here", ["generation"])


def test_a_pool_that_is_held_goes_on_with_what_it_has_begun(owner, workflow):
    make_generation(owner, workflow)
    Task.objects.update(created_at=timezone.now() - timedelta(seconds=2))
    PoolHold.objects.create(pool="w@here", kind=PoolHold.Kind.PAUSE)
    assert not lifecycle.is_in_the_way("w@here", ["generation"])
    assert lifecycle.is_in_the_way("another@here", ["generation"])


@pytest.mark.parametrize("task_type", ["training", "video", "refine"])
def test_what_takes_long_may_run_longer_than_a_picture(task_type, settings):
    assert scheduling.time_limit(task_type) > scheduling.time_limit("generation") == settings.TASK_TIME_LIMIT


@pytest.mark.parametrize("queue", TASKS)
def test_a_process_is_killed_only_if_its_task_does_not_end_in_time(queue):
    assert TASKS[queue].time_limit > scheduling.time_limit(queues()[queue])
