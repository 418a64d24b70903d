import pytest

from strategies import lifecycle
from strategies.models import Asset, Status, Task
from tests.factories import make_generation, the_task

from .lifecycle import claim, output_of


def test_a_waiting_generation_is_canceled_at_once(owner, workflow):
    generation = make_generation(owner, workflow, num_predictions=3)
    assert lifecycle.cancel_generation(generation.id)
    generation.refresh_from_db()
    assert generation.status == Status.CANCELED
    assert set(generation.predictions.values_list("status", flat=True)) == {Status.CANCELED}
    assert claim() is None


def test_a_running_generation_is_canceled_at_once_and_its_worker_loses_the_lease(owner, workflow):
    generation = make_generation(owner, workflow)
    held = claim()
    assert lifecycle.cancel_generation(generation.id)

    generation.refresh_from_db()
    assert generation.status == Status.CANCELED
    assert not lifecycle.renew(held, lease_seconds=60)
    assert not lifecycle.succeed(held, output_of(held.task))
    assert Asset.objects.count() == 0


def test_canceling_what_is_over_changes_nothing(owner, workflow):
    generation = make_generation(owner, workflow)
    held = claim()
    lifecycle.succeed(held, output_of(held.task))
    before = Task.objects.get().completed_at

    assert not lifecycle.cancel_generation(generation.id)
    assert not lifecycle.cancel_prediction(generation.predictions.get())
    generation.refresh_from_db()
    assert generation.status == Status.SUCCEEDED and Task.objects.get().completed_at == before


def test_canceling_one_prediction_never_touches_its_neighbour(owner, workflow):
    generation = make_generation(owner, workflow, num_predictions=2)
    first, second = generation.predictions.order_by("index")

    assert lifecycle.cancel_prediction(first)

    second.refresh_from_db()
    generation.refresh_from_db()
    assert second.status == generation.status == Status.STARTING
    held = claim()
    assert held.task.prediction_id == second.id
    lifecycle.succeed(held, output_of(held.task))
    generation.refresh_from_db()
    assert generation.status == Status.SUCCEEDED


def test_canceling_the_last_live_prediction_ends_the_generation(owner, workflow):
    generation = make_generation(owner, workflow)
    lifecycle.cancel_prediction(generation.predictions.get())
    generation.refresh_from_db()
    assert generation.status == Status.CANCELED


@pytest.mark.parametrize("gap", ["before the claim", "after the claim"])
def test_cancel_in_the_moment_around_the_claim(owner, workflow, gap):
    generation = make_generation(owner, workflow)
    if gap == "before the claim":
        lifecycle.cancel_generation(generation.id)
        assert claim() is None
    else:
        held = claim()
        lifecycle.cancel_generation(generation.id)
        assert not lifecycle.release(held)
    assert the_task(generation).status == Status.CANCELED
