from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from strategies import lifecycle
from strategies.lifecycle import Failure
from strategies.models import Asset, Status, Task
from tests.factories import make_generation, the_task

from .lifecycle import claim, output_of

TRANSIENT = Failure("hub_unreachable", "The hub is away.", retryable=True)
CALLER = Failure("model_not_found", "There is no such model.", retryable=False)


def test_success_stores_the_output_and_ends_everything(owner, workflow):
    generation = make_generation(owner, workflow)
    held = claim()

    assert lifecycle.succeed(held, output_of(held.task))

    generation.refresh_from_db()
    prediction = generation.predictions.get()
    assert generation.status == prediction.status == the_task(generation).status == Status.SUCCEEDED
    assert prediction.outputs.count() == 1
    assert prediction.provenance == {"seed": 1}
    assert generation.completed_at is not None


def test_a_generation_ends_with_its_last_prediction(owner, workflow):
    generation = make_generation(owner, workflow, num_predictions=2)
    first, second = claim(), claim()

    lifecycle.succeed(first, output_of(first.task))
    generation.refresh_from_db()
    assert generation.status == Status.PROCESSING

    lifecycle.succeed(second, output_of(second.task))
    generation.refresh_from_db()
    assert generation.status == Status.SUCCEEDED


def test_a_stale_worker_writes_nothing(owner, workflow):
    generation = make_generation(owner, workflow)
    stale = claim(worker="slow@here", lease=0)
    lifecycle.reap(republish_seconds=30)
    fresh = claim(worker="quick@here")

    assert not lifecycle.succeed(stale, output_of(stale.task))
    assert not lifecycle.fail(stale, CALLER)
    assert not lifecycle.release(stale)
    assert Asset.objects.count() == 0
    assert lifecycle.succeed(fresh, output_of(fresh.task))
    assert generation.predictions.get().outputs.count() == 1
    assert the_task(generation).worker == "quick@here"


def test_the_same_success_told_twice_is_stored_once(owner, workflow):
    make_generation(owner, workflow)
    held = claim()
    assert lifecycle.succeed(held, output_of(held.task))
    assert not lifecycle.succeed(held, output_of(held.task))
    assert Asset.objects.count() == 1


def test_the_database_refuses_a_second_output_at_the_same_place(owner, workflow):
    make_generation(owner, workflow)
    held = claim()
    output_of(held.task).assets[0].save()
    with pytest.raises(IntegrityError, match="one_stored_output_per_index"), transaction.atomic():
        output_of(held.task).assets[0].save()


def test_a_transient_failure_waits_a_little_and_tries_again(owner, workflow):
    generation = make_generation(owner, workflow)
    assert lifecycle.fail(claim(), TRANSIENT)

    task = the_task(generation)
    generation.refresh_from_db()
    assert task.status == Status.STARTING and generation.status == Status.PROCESSING
    assert timezone.now() < task.not_before < timezone.now() + timedelta(seconds=2)
    assert claim() is None, "not before its time"


def test_attempts_are_counted_and_end(owner, workflow):
    generation = make_generation(owner, workflow)
    for attempt in (1, 2, 3):
        held = claim()
        assert held.task.attempt == attempt
        lifecycle.fail(held, TRANSIENT)
        Task.objects.update(not_before=None)

    generation.refresh_from_db()
    assert claim() is None
    assert generation.status == Status.FAILED
    assert (generation.error_code, generation.error_detail) == ("hub_unreachable", "The hub is away.")


def test_the_callers_fault_is_never_tried_again(owner, workflow):
    generation = make_generation(owner, workflow)
    lifecycle.fail(claim(), CALLER)
    generation.refresh_from_db()
    prediction = generation.predictions.get()
    assert generation.status == prediction.status == Status.FAILED
    assert prediction.error_code == "model_not_found"


def test_one_failure_does_not_spoil_its_neighbours(owner, workflow):
    generation = make_generation(owner, workflow, num_predictions=2)
    bad, good = claim(), claim()
    lifecycle.fail(bad, CALLER)
    lifecycle.succeed(good, output_of(good.task))

    generation.refresh_from_db()
    assert generation.status == Status.SUCCEEDED
    assert set(generation.predictions.values_list("status", flat=True)) == {Status.FAILED, Status.SUCCEEDED}


def test_a_released_task_costs_no_attempt_and_wakes_a_worker(
    owner, workflow, broker_queue, django_capture_on_commit_callbacks
):
    generation = make_generation(owner, workflow)
    held = claim()
    with django_capture_on_commit_callbacks(execute=True):
        assert lifecycle.release(held)
    task = the_task(generation)
    assert (task.status, task.attempt) == (Status.STARTING, 0)
    assert broker_queue("generation") == 1


def test_everything_a_leaving_worker_holds_is_released(owner, workflow):
    make_generation(owner, workflow, num_predictions=3)
    claim(worker="leaving@here"), claim(worker="leaving@here"), claim(worker="staying@here")
    assert lifecycle.release_all(worker="leaving@here") == 2
    assert Task.objects.filter(status=Status.STARTING).count() == 2


def test_leases_of_a_dead_worker_end_at_once(owner, workflow):
    make_generation(owner, workflow)
    claim(worker="dead@here", lease=1000)
    assert lifecycle.expire_leases(worker="dead@here") == 1
    assert lifecycle.reap(republish_seconds=30).returned == 1


class TestChain:
    """A prediction whose second task waits for the first."""

    @pytest.fixture
    def chain(self, owner, workflow):
        generation = make_generation(owner, workflow)
        first = the_task(generation)
        second = Task.objects.create(
            owner=owner,
            generation=generation,
            prediction=first.prediction,
            step=1,
            ready=False,
            task_type="generation",
            queue="generation",
            params=first.params,
        )
        return generation, first, second

    def test_the_second_step_waits_for_the_first(self, chain):
        generation, first, second = chain
        held = claim()
        assert held.task.id == first.id and claim() is None

        lifecycle.succeed(held, output_of(held.task))
        generation.refresh_from_db()
        assert generation.status == Status.PROCESSING
        assert claim().task.id == second.id

    def test_a_failed_step_ends_the_rest(self, chain):
        generation, _, second = chain
        lifecycle.fail(claim(), CALLER)
        second.refresh_from_db()
        generation.refresh_from_db()
        assert second.status == Status.CANCELED
        assert generation.status == Status.FAILED

    def test_cancel_ends_every_step(self, chain):
        generation, *_ = chain
        assert lifecycle.cancel_generation(generation.id)
        assert set(generation.tasks.values_list("status", flat=True)) == {Status.CANCELED}
