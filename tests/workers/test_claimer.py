"""The next task is claimed just before the device is free, and no task is worse off for it."""

import pytest

from gpu.errors import DeviceFault
from gpu.requests import StepEvent
from strategies.models import Status
from tests.factories import make_generation, the_task
from tests.stack import waited
from workers import claimer, execution, generators
from workers.generators.mock import Mock, MockConfig

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def after_drawing(monkeypatch):
    """Runs something in the device's thread when all steps of the first picture are done."""

    def install(action) -> None:
        mock = Mock(MockConfig())
        monkeypatch.setitem(generators._started, "mock", mock)
        generate, actions = mock.generate, iter([action])

        def drawn(*args):
            result = generate(*args)
            for act in actions:
                act()
            return result

        monkeypatch.setattr(mock, "generate", drawn)

    return install


def test_the_next_is_claimed_while_the_device_is_still_busy(owner, workflow, after_drawing):
    first, second = (make_generation(owner, workflow) for _ in range(2))
    after_drawing(lambda: waited(lambda: the_task(second).status == Status.PROCESSING))
    assert execution.run_turn("generation") == 2
    assert {the_task(each).status for each in (first, second)} == {Status.SUCCEEDED}


def test_far_from_its_end_nothing_is_claimed_ahead(owner, workflow, monkeypatch):
    _first, second = (make_generation(owner, workflow) for _ in range(2))
    with claimer.Claimer("generation", until=float("inf")) as ours:
        (held,) = ours.take().held
        monkeypatch.setattr(ours, "_taken", ours._taken - 10)  # seconds ago
        for step in range(1, 10):
            held.work.on_step(StepEvent(step, 10, list))
        assert ours._ahead is None
        held.work.on_step(StepEvent(10, 10, list))
        assert ours._ahead is not None
        held.lease.close()
    assert the_task(second).status == Status.STARTING


def test_what_was_claimed_for_a_device_that_fails_goes_back_unharmed(owner, workflow, after_drawing):
    first, second = (make_generation(owner, workflow) for _ in range(2))

    def fail() -> None:
        waited(lambda: the_task(second).status == Status.PROCESSING)
        raise DeviceFault("The device failed.")

    after_drawing(fail)
    with pytest.raises(execution.ProcessUnfit):
        execution.run_turn("generation")
    spared = the_task(second)
    assert (spared.status, spared.attempt, spared.lease_token) == (Status.STARTING, 0, None)
    assert the_task(first).error_code == "device_fault"


def test_what_comes_in_after_a_look_in_vain_is_still_run(owner, workflow, after_drawing):
    make_generation(owner, workflow)
    late = []
    after_drawing(lambda: late.append(make_generation(owner, workflow)))
    assert execution.run_turn("generation") == 2
    assert the_task(late[0]).status == Status.SUCCEEDED
