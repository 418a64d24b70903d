from datetime import timedelta
from importlib import import_module

from celery import Celery
from django.utils import timezone

from strategies import dispatch, lifecycle
from strategies.models import Status, Task
from tests.factories import make_generation, the_task

from .lifecycle import claim


def reap():
    return lifecycle.reap(republish_seconds=30)


def test_a_pass_with_nothing_to_do_does_nothing(db):
    assert reap() == lifecycle.Reaped()


def test_a_dead_workers_task_goes_back_with_its_attempt_counted(owner, workflow):
    generation = make_generation(owner, workflow)
    claim(lease=0)

    assert reap().returned == 1
    task = the_task(generation)
    assert (task.status, task.attempt, task.error_code) == (Status.STARTING, 1, "worker_lost")
    assert claim(worker="other@here").task.attempt == 2


def test_a_live_lease_is_left_alone(owner, workflow):
    make_generation(owner, workflow)
    claim(lease=60)
    assert reap() == lifecycle.Reaped()


def test_a_task_that_kills_every_worker_becomes_a_dead_letter(owner, workflow):
    generation = make_generation(owner, workflow)
    for _ in range(3):
        claim(lease=0)
        last = reap()

    generation.refresh_from_db()
    assert last.lost == 1
    assert (generation.status, generation.error_code) == (Status.FAILED, "worker_lost")
    assert claim() is None


def test_what_did_not_start_in_time_is_aborted(owner, workflow):
    generation = make_generation(owner, workflow, deadline_seconds=60)
    Task.objects.update(deadline=timezone.now() - timedelta(seconds=1))

    assert reap().aborted == 1
    generation.refresh_from_db()
    assert generation.status == generation.predictions.get().status == Status.ABORTED
    assert generation.error_code == generation.predictions.get().error_code == "deadline_passed"


def test_a_deadline_does_not_end_what_has_started(owner, workflow):
    make_generation(owner, workflow, deadline_seconds=60)
    claim(lease=0)
    Task.objects.update(deadline=timezone.now() - timedelta(seconds=1))
    assert reap().returned == 1
    assert reap().aborted == 0
    assert claim() is not None


def test_a_task_that_was_never_published_is(owner, workflow, broker_queue):
    """As after a crash between the commit and the publish."""
    make_generation(owner, workflow)
    Task.objects.update(published_at=None, created_at=timezone.now() - timedelta(seconds=5))
    assert broker_queue("generation") == 0

    assert reap().published == 1
    assert broker_queue("generation") == 1
    assert Task.objects.get().published_at is not None
    assert reap().published == 0, "not again so soon"


def test_a_message_that_was_lost_is_sent_again(owner, workflow, broker_queue):
    make_generation(owner, workflow)
    Task.objects.update(published_at=timezone.now() - timedelta(seconds=31))
    assert reap().published == 1
    assert broker_queue("generation") == 1


def test_a_backlog_is_not_flooded_with_messages(owner, workflow, broker_queue, monkeypatch):
    monkeypatch.setattr(import_module("strategies.lifecycle.reap"), "BATCH", 5)
    make_generation(owner, workflow, num_predictions=20)
    for _ in range(4):
        Task.objects.update(published_at=timezone.now() - timedelta(seconds=31))
        reap()
    assert broker_queue("generation") == 5


def test_a_delayed_task_is_published_when_its_time_has_come(owner, workflow):
    make_generation(owner, workflow, not_before=timezone.now() + timedelta(hours=1))
    Task.objects.update(published_at=None, created_at=timezone.now() - timedelta(seconds=5))
    assert reap().published == 0
    Task.objects.update(not_before=timezone.now())
    assert reap().published == 1


def test_a_dead_broker_costs_no_request(owner, workflow, django_capture_on_commit_callbacks, monkeypatch):
    nowhere = Celery("nowhere", config_source="celeryconfig", set_as_current=False)
    nowhere.conf.broker_url = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(dispatch, "app", nowhere)

    with django_capture_on_commit_callbacks(execute=True):
        generation = make_generation(owner, workflow)
    assert the_task(generation).published_at is None

    monkeypatch.undo()
    Task.objects.update(created_at=timezone.now() - timedelta(seconds=5))
    assert reap().published == 1
