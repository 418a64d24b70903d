import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from celeryconfig import task_routes
from strategies.tasktypes import QUEUES
from tests.factories import make_workflow
from workers import checks
from workers.processors import PROCESSORS, processor_for


def ids(problems):
    return [problem.id for problem in problems]


def test_the_project_is_consistent(db):
    call_command("check", databases=["default"], fail_level="WARNING")


@pytest.mark.parametrize("task_type", QUEUES)
def test_every_task_type_s_processor_can_be_loaded(task_type):
    assert callable(processor_for(task_type).run)


def test_a_task_type_without_a_processor_is_an_error(monkeypatch):
    monkeypatch.delitem(PROCESSORS, "generation")
    assert ids(checks.check_vocabulary(None)) == ["atelier.E001"]


def test_a_task_type_that_goes_to_another_queue_is_an_error(monkeypatch):
    monkeypatch.setitem(task_routes, "atelier.generation", {"queue": "maintenance"})
    assert ids(checks.check_routes(None)) == ["atelier.E002"]


def test_a_queue_nobody_declared_is_an_error(monkeypatch):
    monkeypatch.setitem(QUEUES, "generation", "paint")
    assert ids(checks.check_routes(None)) == ["atelier.E002", "atelier.E003"]


def test_a_pool_on_an_unknown_queue_is_an_error(tmp_path, settings):
    settings.POOLS_FILE = tmp_path / "pools.toml"
    settings.POOLS_FILE.write_text('[[pool]]\nname = "a"\ndevice = "cpu"\nqueues = ["paint"]\n')
    assert ids(checks.check_pools(None)) == ["atelier.E005"]


def test_work_that_cannot_be_stopped_in_a_thread_is_an_error_there(tmp_path, settings):
    settings.POOLS_FILE = tmp_path / "pools.toml"
    settings.POOLS_FILE.write_text(
        '[[pool]]\nname = "a"\ndevice = "network"\nqueues = ["webhooks", "prompt.remote", "image_adjust"]\n'
    )
    (problem,) = checks.check_pools(None)
    assert problem.id == "atelier.E007" and "'image_adjust'" in problem.msg


def test_a_workflow_with_an_unknown_strategy_is_an_error(db):
    make_workflow(key="odd", strategy="paint")
    with pytest.raises(SystemCheckError, match="'odd' names the strategy 'paint'"):
        call_command("check", databases=["default"])
