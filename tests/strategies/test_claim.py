from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from celery.signals import before_task_publish
from django.db import connection, transaction
from django.utils import timezone

from strategies import lifecycle
from strategies.lifecycle import renew, window
from strategies.models import Status, Task
from strategies.models.generation import Priority
from strategies.policy import ANY_SIZE
from tests.factories import make_generation, make_owner, make_workflow, the_task

from .lifecycle import claim, output_of

CLAIMED = (
    "status", "attempt", "worker", "device", "lease_token", "lease_expires_at", "started_at"
)  # fmt: skip


def test_a_claim_moves_task_prediction_and_generation_to_processing(owner, workflow):
    generation = make_generation(owner, workflow)

    held = claim(worker="gpu@host")

    task = the_task(generation)
    generation.refresh_from_db()
    prediction = generation.predictions.get()
    assert held is not None and held.task.id == task.id
    assert {task.status, prediction.status, generation.status} == {Status.PROCESSING}
    assert (task.worker, task.device, task.attempt, task.lease_token) == ("gpu@host", "cpu", 1, held.token)
    assert task.started_at == prediction.started_at == generation.started_at


def test_nothing_waiting_is_no_claim(db):
    assert claim() is None


def test_a_claim_takes_only_from_its_queue(owner, workflow):
    make_generation(owner, workflow)
    assert claim(queue="maintenance") is None


def test_urgent_work_comes_first_then_the_oldest(owner, workflow):
    low = make_generation(owner, workflow, priority=Priority.LOW)
    first = make_generation(owner, workflow)
    second = make_generation(owner, workflow)
    high = make_generation(owner, workflow, priority=Priority.HIGH)

    order = [claim().task.generation_id for _ in range(4)]

    assert order == [high.id, first.id, second.id, low.id]


def test_what_must_not_start_yet_is_left_alone(owner, workflow):
    make_generation(owner, workflow, not_before=timezone.now() + timedelta(hours=1))
    assert claim() is None


def test_what_is_too_late_is_left_for_the_reaper(owner, workflow):
    generation = make_generation(owner, workflow, deadline_seconds=60)
    Task.objects.filter(generation=generation).update(deadline=timezone.now() - timedelta(seconds=1))
    assert claim() is None


def test_a_renewed_lease_lasts_longer_and_a_lost_one_says_so(owner, workflow):
    make_generation(owner, workflow)
    held = claim(lease=1)

    assert renew(held, lease_seconds=100)
    assert Task.objects.get().lease_expires_at > timezone.now() + timedelta(seconds=90)

    Task.objects.update(status=Status.STARTING, lease_token=None, lease_expires_at=None)
    assert not renew(held, lease_seconds=100)


@pytest.mark.django_db(transaction=True)
def test_many_workers_never_claim_the_same_task():
    owner, workflow = make_owner(), make_workflow()
    for _ in range(5):
        make_generation(owner, workflow, num_predictions=8)

    def work(number):
        try:
            mine = []
            while held := claim(worker=f"w{number}@here"):
                mine.append(held.task.id)
            return mine
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        claimed = [task for mine in threads.map(work, range(6)) for task in mine]

    assert len(claimed) == len(set(claimed)) == 40


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("query", [window.LINES, window.FIRST_TASKS, window.STARTED])
def test_a_claim_looks_along_its_indexes(owner, workflow, query):
    """A scan or a sort of all that waits would make every claim slower as the queue grows."""
    make_generation(owner, workflow, num_predictions=64)
    terms = {
        "queue": "generation", "lines": 64, "look_ahead": 32, "bound": 128, "owners": [owner.pk],
        "priorities": [0], "capacity": ANY_SIZE,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE strategies_task")
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("EXPLAIN " + query, terms)
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    indexes = {"task_waiting", "task_lines", "task_started", "task_overtaking"}
    assert any(index in plan for index in indexes)
    assert "Seq Scan on strategies_task" not in plan
    assert "Sort" not in plan


@pytest.mark.django_db(transaction=True)
def test_only_the_commit_of_a_claim_waits_for_no_disk(owner, workflow):
    make_generation(owner, workflow)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO on")
        with transaction.atomic():
            held = claim()
            while_claiming = waits_for_disk(cursor)
        with transaction.atomic():
            lifecycle.succeed(held, output_of(held.task))
            while_finishing = waits_for_disk(cursor)
        cursor.execute("RESET synchronous_commit")
    assert (while_claiming, while_finishing) == ("off", "on")


def waits_for_disk(cursor) -> str:
    cursor.execute("SHOW synchronous_commit")
    return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_who_holds_a_claim_that_a_crash_undid_writes_nothing(owner, workflow):
    generation = make_generation(owner, workflow)
    before = Task.objects.filter(generation=generation).values().get()
    held = claim()
    Task.objects.filter(generation=generation).update(**{key: before[key] for key in CLAIMED})

    assert not lifecycle.succeed(held, output_of(held.task))
    again = claim()

    assert (again.task.id, again.task.attempt) == (held.task.id, 1)
    assert lifecycle.succeed(again, output_of(again.task))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("owners", "trips"), [(1, 6), (2, 7)])
def test_a_claim_goes_to_the_database_a_few_times(workflow, django_assert_num_queries, owners, trips):
    """From its beginning to its commit; only several lines need to know what started lately."""
    for _ in range(owners):
        make_generation(make_owner(), workflow)
    with django_assert_num_queries(trips):
        claim()


@pytest.mark.django_db(transaction=True)
def test_an_end_goes_to_the_database_a_few_times(owner, workflow, django_assert_num_queries):
    make_generation(owner, workflow)
    held = claim()
    with django_assert_num_queries(13):
        lifecycle.succeed(held, output_of(held.task))


@pytest.mark.django_db(transaction=True)
def test_nobody_writes_the_row_any_more_when_its_message_goes_out(owner, workflow):
    """A claim skips a row that is being written, and then the message would have woken nobody."""
    seen = []

    def look(**_):
        with ThreadPoolExecutor(1) as another_connection:
            seen.append(another_connection.submit(as_others_see_it).result())

    def as_others_see_it():
        try:
            return Task.objects.get().published_at
        finally:
            connection.close()

    before_task_publish.connect(look)
    try:
        generation = make_generation(owner, workflow)
    finally:
        before_task_publish.disconnect(look)

    assert seen == [the_task(generation).published_at]
    assert seen != [None]


@pytest.mark.parametrize("plain", ["", "hashjoin mergejoin hashagg sort material memoize"])
def test_one_claim_takes_one_task_however_the_database_goes_about_it(owner, workflow, plain):
    for _ in range(3):
        make_generation(owner, workflow)
    with connection.cursor() as cursor:
        for method in plain.split():
            cursor.execute(f"SET LOCAL enable_{method} = off")
    for number in (1, 2, 3):
        assert claim() is not None
        assert Task.objects.filter(status=Status.PROCESSING).count() == number
