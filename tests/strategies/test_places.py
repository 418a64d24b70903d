import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from strategies import events, lifecycle, queue_view
from strategies.events import note_progress
from strategies.models import Prediction, Share, Task
from strategies.models.generation import Priority
from strategies.places import Place, Prospect, place_of_new, places_of
from strategies.pools import PoolReport, report
from strategies.queue_view import BACKLOGS, LINES, TASKS, forget_views
from tests.factories import make_generation, make_owner, make_workflow

from .lifecycle import claim, output_of


def live(name="gpu@here", queues=("generation",), **more):
    now = timezone.now().isoformat()
    pool = {"device": "cpu", "queues": list(queues), "heartbeat_at": now, "started_at": now, **more}
    report(PoolReport(name=name, **pool))


def finish(seconds=10.0, load=None):
    """The best waiting task ends, after so many seconds of its device and of loading."""
    held = claim()
    lifecycle.succeed(held, output_of(held.task, device_seconds=seconds, load_seconds=load))


def measured(owner, workflow, seconds=10.0, load=None, **ask):
    make_generation(owner, workflow, **ask)
    finish(seconds, load)
    Share.objects.all().delete()  # nobody owes anything for it


def place_of(generation) -> Place | None:
    """As it is now, not as it was a moment ago."""
    forget_views()
    return next(iter(places_of(generation.predictions.all()).values()), None)


def new(owner, workflow, task_types=("generation",)) -> Prospect:
    forget_views()
    return place_of_new(owner.pk, task_types, workflow)


def many_waiting(owner, count):
    """Tasks by themselves: what the queue's own index sees of any."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO strategies_task (id, owner_id, step, task_type, queue, params, status, ready, model,
                batch_key, work, priority, attempt, max_attempts, worker, device, request_id, error_code,
                error_detail, created_at)
            SELECT gen_random_uuid(), %s, 0, 'generation', 'generation', '{}', 'starting', true, '', '', 1, 0,
                0, 3, '', '', '', '', '', now() - (%s - number) * interval '1 ms'
            FROM generate_series(1, %s) AS number
            """,
            [owner.pk, count, count],
        )
        cursor.execute("ANALYZE strategies_task")


def test_without_a_pool_nothing_is_possible_and_no_position_is_shown(owner, workflow):
    generation = make_generation(owner, workflow)
    for place in (place_of(generation), new(owner, workflow)):
        assert (place.possible, place.position, place.eta_seconds) == (False, None, None)
        assert "generation" in place.reasons[0]


def test_a_pool_that_came_a_moment_ago_is_seen_a_moment_later(owner, workflow, monkeypatch):
    monkeypatch.setattr(queue_view, "KEPT_TIMES", 1e9)
    place_of(make_generation(owner, workflow))
    live()
    assert not place_of_new(owner.pk, ("generation",), workflow).possible
    assert new(owner, workflow).possible


def test_positions_follow_the_order_of_claims(owner, workflow):
    live()
    first, second = make_generation(owner, workflow), make_generation(owner, workflow)
    urgent = make_generation(owner, workflow, priority=Priority.HIGH)
    assert [place_of(each).position for each in (urgent, first, second)] == [0, 1, 2]
    assert new(owner, workflow).position == 3


def test_a_sole_owners_position_goes_down_by_one_as_his_tasks_start_until_it_is_next(owner, workflow):
    live()
    for _ in range(5):
        make_generation(owner, workflow)
    last = make_generation(owner, workflow)
    seen = [place_of(last).position]
    for _ in range(5):
        finish()
        seen.append(place_of(last).position)
    assert seen == [5, 4, 3, 2, 1, 0]


def test_a_light_owner_beside_a_flood_is_near_the_front(owner, workflow):
    live()
    measured(owner, workflow, seconds=10.0)
    Share.objects.create(owner=owner, seconds=50.0, as_of=timezone.now())
    flood = make_generation(owner, workflow, num_predictions=60)
    light = make_generation(make_owner(), workflow)
    assert place_of(light) == Place(0, 10.0, True, [])
    forget_views()
    positions = [place.position for place in places_of(flood.predictions.all()).values()]
    assert sorted(positions) == list(range(1, 61))


def test_the_places_told_are_the_order_in_which_tasks_are_then_claimed(workflow):
    live()
    owners = [make_owner() for _ in range(3)]
    measured(owners[0], workflow, seconds=2.0)
    for number in range(18):
        make_generation(owners[number % 7 % 3], workflow, seed=number)
    forget_views()
    waiting = Prediction.objects.filter(status="starting")
    told = {place.position: prediction for prediction, place in places_of(waiting).items()}
    assert sorted(told) == list(range(18))
    for position in range(18):
        held = claim()
        assert held.task.prediction_id == told[position]
        lifecycle.succeed(held, output_of(held.task, seconds=2.0))


def test_nothing_is_foretold_before_anything_was_measured(owner, workflow):
    live()
    generation = make_generation(owner, workflow)
    assert place_of(generation) == Place(0, None, True, [])
    assert new(owner, workflow).eta_seconds is None
    assert generation.predictions.get().promised_seconds is None


def test_the_time_left_is_the_work_ahead_and_ones_own_over_the_pools(owner, workflow):
    live()
    measured(owner, workflow, seconds=10.0)
    make_generation(owner, workflow), make_generation(owner, workflow)
    third = make_generation(owner, workflow)
    assert place_of(third).eta_seconds == pytest.approx(30, abs=0.2)
    assert new(owner, workflow).eta_seconds == pytest.approx(40, abs=0.2)
    live("second@here")
    assert place_of(third).eta_seconds == pytest.approx(20, abs=0.2)


def test_each_workflow_has_its_own_rate_and_another_its_queues(owner):
    live()
    quick, slow, unknown = make_workflow(), make_workflow(), make_workflow()
    measured(owner, quick, seconds=2.0), measured(owner, slow, seconds=20.0)
    assert new(owner, quick).eta_seconds == pytest.approx(2, abs=0.2)
    assert new(owner, slow).eta_seconds == pytest.approx(20, abs=0.2)
    assert new(owner, unknown).eta_seconds == pytest.approx(11, abs=0.2)


def test_more_steps_and_larger_pictures_take_longer_by_what_they_did(owner, workflow):
    live()
    for steps, seconds in ((10, 3.0), (20, 5.0), (40, 9.0)):  # one second, and 0.2 for each step
        measured(owner, workflow, seconds, inputs={"num_inference_steps": steps})
    for inputs, seconds in (
        ({"num_inference_steps": 80}, 17),
        ({"num_inference_steps": 20, "width": 256}, 9),
    ):
        generation = make_generation(owner, workflow, inputs=inputs)
        assert place_of(generation).eta_seconds == pytest.approx(seconds, abs=0.3)
        lifecycle.cancel_generation(generation.id)


def test_what_a_pool_runs_counts_by_how_far_it_is(owner, workflow):
    live()
    measured(owner, workflow, seconds=10.0)
    make_generation(owner, workflow)
    running = claim(worker="gpu@here")
    waits = make_generation(owner, workflow)
    assert place_of(waits).eta_seconds == pytest.approx(20, abs=1)
    note_progress(running.task.id, 0.2)
    assert place_of(waits).eta_seconds == pytest.approx(18, abs=1)
    said_earlier(running.task.id, seconds=5)
    assert place_of(waits).eta_seconds == pytest.approx(13, abs=1), "it went on since"
    said_earlier(running.task.id, seconds=60)
    assert place_of(waits).eta_seconds == pytest.approx(10, abs=0.2), "it is about to end"


def said_earlier(task, seconds):
    """The latest word of how far it is, put back."""
    left = settings.EVENT_STREAM_SECONDS - seconds
    events.connection().expire(f"atelier:progress:{task}", left)


def test_what_a_pool_loads_for_what_it_runs_counts_until_it_draws(owner):
    one, other = (make_workflow(checkpoint=f"pocket:{name}") for name in ("one", "other"))
    measured(owner, one, seconds=10.0, load=40.0), measured(owner, other, seconds=10.0)
    live(resident=["other"])
    make_generation(owner, one)
    running = claim(worker="gpu@here")
    waits = make_generation(make_owner(), one)
    assert place_of(waits).eta_seconds == pytest.approx(60, abs=1)
    note_progress(running.task.id, 0.5)
    assert place_of(waits).eta_seconds == pytest.approx(15, abs=1)


def test_where_nothing_was_loaded_lately_the_pools_say_what_it_takes(owner):
    one, other = (make_workflow(checkpoint=f"pocket:{name}") for name in ("one", "other"))
    measured(owner, one, seconds=10.0), measured(owner, other, seconds=10.0)
    live(resident=["other"], load_seconds=7.0)
    assert new(owner, other).eta_seconds == pytest.approx(10, abs=0.2)
    assert new(owner, one).eta_seconds == pytest.approx(17, abs=0.2)
    make_generation(owner, one)
    claim(worker="gpu@here")
    assert new(owner, one).eta_seconds == pytest.approx(27, abs=1)


def test_who_has_something_running_has_had_it_when_the_next_is_chosen(owner, workflow):
    live()
    measured(owner, workflow, seconds=10.0)
    make_generation(owner, workflow)
    claim(worker="gpu@here")
    mine, others = make_generation(owner, workflow), make_generation(make_owner(), workflow)
    assert (place_of(mine).position, place_of(others).position) == (1, 0)


def test_a_pool_with_several_processes_serves_several_at_once(owner, workflow):
    live(concurrency=3)
    measured(owner, workflow, seconds=10.0)
    make_generation(owner, workflow, num_predictions=4)
    for _ in range(4):  # one of them, a moment ahead
        last = claim(worker="gpu@here")
    assert last.task
    waits = make_generation(owner, workflow)
    assert place_of(waits).eta_seconds == pytest.approx(20, abs=1)
    assert new(owner, workflow).eta_seconds == pytest.approx(20, abs=1)


def test_what_is_too_large_for_a_pool_waits_for_another(owner, workflow):
    large, small = make_generation(owner, workflow), make_generation(owner, workflow)
    measured(make_owner(), workflow, seconds=10.0, priority=Priority.HIGH)
    Task.objects.filter(generation=large).update(model_parameters=100)
    live("small@here", capacity=99, memory={"budget_bytes": 396})
    assert place_of(small) == Place(0, 10.0, True, []), "what stands before it is for others"
    nowhere = place_of(large)
    assert (nowhere.possible, nowhere.position, nowhere.eta_seconds) == (False, None, None)
    assert "small@here has" in nowhere.reasons[0]
    live("large@here", capacity=100)
    assert place_of(large).eta_seconds == place_of(small).eta_seconds == 10.0


def test_a_model_that_is_not_loaded_takes_its_time_once(owner):
    one, other = (make_workflow(checkpoint=f"pocket:{name}") for name in ("one", "other"))
    measured(owner, one, seconds=10.0, load=4.0), measured(owner, other, seconds=10.0, load=6.0)
    live(resident=["one"], memory={"model_bytes": 100, "budget_bytes": 200})
    assert new(owner, one).eta_seconds == pytest.approx(10, abs=0.2)
    assert new(owner, other).eta_seconds == pytest.approx(16, abs=0.2)
    make_generation(owner, other)
    assert new(owner, other).eta_seconds == pytest.approx(26, abs=0.2)
    assert new(owner, one).eta_seconds == pytest.approx(10, abs=0.2), "its model is there, so it goes first"


def test_a_pool_takes_turns_between_its_queues_that_have_work(owner, workflow):
    live(queues=("generation", "image_adjust"))
    measured(owner, workflow, seconds=10.0)
    make_generation(owner, workflow)
    second = make_generation(owner, workflow)
    assert place_of(second).eta_seconds == pytest.approx(20, abs=0.2)
    many_waiting(owner, 1)
    Task.objects.filter(generation=None).update(queue="image_adjust")
    assert place_of(second).eta_seconds == pytest.approx(30, abs=0.2)


def test_what_may_not_start_yet_is_there_no_sooner(owner, workflow):
    live()
    measured(owner, workflow, seconds=10.0)
    later = make_generation(owner, workflow, not_before=timezone.now() + timedelta(seconds=100))
    soon = make_generation(owner, workflow)
    assert place_of(later).eta_seconds == pytest.approx(110, abs=1)
    assert place_of(soon) == Place(0, 10.0, True, [])


def test_what_runs_or_is_over_has_no_place(owner, workflow):
    generation = make_generation(owner, workflow)
    claim()
    assert place_of(generation) is None


def test_a_prediction_keeps_what_it_was_promised(owner, workflow):
    live()
    measured(owner, workflow, seconds=10.0)
    forget_views()
    generation = make_generation(owner, workflow, num_predictions=3)
    promised = [prediction.promised_seconds for prediction in generation.predictions.order_by("index")]
    assert promised == pytest.approx([10, 20, 30], abs=0.2)
    other = make_generation(owner, workflow)  # at once: the process knows what it accepted
    assert other.predictions.get().promised_seconds == pytest.approx(40, abs=0.5)


def test_a_view_reads_no_more_rows_of_a_queue_ten_times_as_long(owner, workflow):
    live()
    make_generation(make_owner(), workflow)
    read = []
    for waiting in (3_000, 27_000):
        many_waiting(owner, waiting)
        read.append(_rows_read())
    assert read[0] == read[1] <= 3 * TASKS
    behind = make_generation(owner, workflow)
    assert place_of(behind) == Place(TASKS // 2 + 1, None, True, []), "so many at least, and no time"


def _rows_read() -> int:
    """By every step of the one query that looks at what waits."""
    with connection.cursor() as cursor:
        terms = {"queue": "generation", "lines": LINES, "tasks": TASKS}
        cursor.execute("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + BACKLOGS, terms)
        (found,) = cursor.fetchone()
    found = json.loads(found) if isinstance(found, str) else found
    return sum(_read_by(node) for node in _nodes(found[0]["Plan"]))


def _nodes(node):
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _read_by(node) -> int:
    """Of the table: rows given and rows looked at in vain."""
    if not node["Node Type"].endswith("Scan") or node.get("Relation Name") != "strategies_task":
        return 0
    seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return round(seen * node["Actual Loops"])
