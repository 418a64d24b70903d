"""Real pools that are paused, drained and resumed, and that lose their device."""

import pytest

from strategies.fleet import State
from strategies.models import Status, Task
from strategies.services.pools import pool_drain, pool_pause, pool_resume
from tests.factories import make_generation, make_workflow, the_task
from tests.stack import waited
from tests.workers.drawing import POCKET
from tests.workers.running import becomes, running, state_of
from workers.app import app
from workers.pools import Pool

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fault(tmp_path):
    """While this file is there, the device of `drawing` is broken."""
    return tmp_path / "fault"


@pytest.fixture
def drawing(fault, tmp_path):
    """A pool with a device of the tests' own."""
    pool = Pool("drawing", "cpu", ("generation",))
    with running(pool, tmp_path, DJANGO_SETTINGS_MODULE="tests.workers.faulty", TESTS_FAULT=str(fault)):
        becomes(pool, State.RUNNING)
        yield pool


def is_over(generation) -> bool:
    return the_task(generation).status == Status.SUCCEEDED


def consumed(pool: Pool) -> set[str]:
    """The queues from which a pool hears, as Flower shows them."""
    found = app.control.inspect([pool.node]).active_queues() or {}
    return {queue["name"] for queue in found.get(pool.node, [])}


def test_a_paused_pool_hears_nothing_not_even_after_a_restart_until_it_is_resumed(
    owner, workflow, tmp_path, broker_queue, redis_server
):
    pool = Pool("paused", "none", ("generation",))
    with running(pool, tmp_path):
        becomes(pool, State.RUNNING)
        pool_pause(pool.node, by=owner)
        waited(lambda: not consumed(pool))
        generation = make_generation(owner, workflow)
        assert state_of(pool).state is State.PAUSED
    assert broker_queue("generation") == 1, "the message is for another pool"

    redis_server.flushdb()
    with running(pool, tmp_path):
        becomes(pool, State.PAUSED)
        assert the_task(generation).status == Status.STARTING
        pool_resume(pool.node, by=owner)
        waited(lambda: consumed(pool) == {"generation"})
        make_generation(owner, workflow)  # whose message wakes it for both
        waited(lambda: is_over(generation))


def test_a_pool_says_that_its_device_failed_until_it_is_back_and_lets_go_of_it_when_drained(
    owner, drawing, fault
):
    began = state_of(drawing).report.started_at
    fault.touch()
    generation = make_generation(owner, make_workflow(**POCKET))
    unfit = becomes(drawing, State.UNFIT)
    assert "fallen off the bus" in unfit.reason and unfit.report.unfit_since > began
    task = the_task(generation)
    assert (task.status, task.attempt, task.error_code) == (Status.STARTING, 1, "device_fault")
    waited(lambda: not consumed(drawing))

    fault.unlink()
    assert becomes(drawing, State.RUNNING).report.memory
    Task.objects.filter(id=task.id).update(not_before=None)
    make_generation(owner, make_workflow(**POCKET))
    waited(lambda: is_over(generation))

    pool_drain(drawing.node, by=owner)
    assert becomes(drawing, State.DRAINED).report.memory == {}
    pool_resume(drawing.node, by=owner)
    assert becomes(drawing, State.RUNNING).report.memory
