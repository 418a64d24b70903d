import io
import threading
import time

import pytest
from django.db import OperationalError
from PIL import Image

from gpu.errors import DeviceFault, HubUnreachable, ModelNotFound, OutOfMemory
from gpu.images import read_provenance
from strategies import lifecycle
from strategies.models import Asset, Status, Task
from tests.factories import make_generation, make_workflow, the_task
from workers import execution, generators
from workers.generators.mock import Mock, MockConfig

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mock(monkeypatch):
    """The process's mock generator, with a cost model of the test's choice."""

    def started(**costs) -> Mock:
        generator = Mock(MockConfig(**costs))
        monkeypatch.setitem(generators._started, "mock", generator)
        return generator

    return started


def raising(generator: Mock, error: Exception, monkeypatch) -> None:
    def generate(*_):
        raise error

    monkeypatch.setattr(generator, "generate", generate)


def test_a_task_is_run_to_a_stored_picture_with_its_provenance(owner, workflow, mock):
    mock()
    generation = make_generation(owner, workflow, seed=9)

    assert execution.run_next("generation") == str(the_task(generation).id)

    asset = generation.predictions.get().outputs.get()
    data = asset.file.read()
    assert generation.tasks.get().status == Status.SUCCEEDED
    assert Image.open(io.BytesIO(data)).size == (asset.width, asset.height) == (128, 128)
    assert read_provenance(data)["seed"] == 9
    assert read_provenance(data)["extra"]["workflow"] == workflow.key


def test_an_empty_queue_is_no_work(db):
    assert execution.run_next("generation") is None


def test_a_cancel_stops_the_work_between_steps_and_leaves_no_file(
    owner, workflow, mock, monkeypatch, settings
):
    generator, steps = mock(step_seconds=0.05), []
    generate = generator.generate

    def counted(request, on_step, should_cancel):
        return generate(request, lambda event: (steps.append(event), on_step(event)), should_cancel)

    monkeypatch.setattr(generator, "generate", counted)
    settings.LEASE_SECONDS = 0.4
    generation = make_generation(owner, workflow, inputs={"num_inference_steps": 100})
    worker = threading.Thread(target=execution.run_next, args=("generation",))
    worker.start()
    while the_task(generation).status != Status.PROCESSING:
        time.sleep(0.01)
    lifecycle.cancel_generation(generation.id)
    worker.join(10)

    generation.refresh_from_db()
    assert generation.status == Status.CANCELED
    assert len(steps) < 80
    assert Asset.objects.count() == 0


def test_work_longer_than_a_lease_keeps_it(owner, workflow, mock, settings):
    mock(step_seconds=0.1)
    settings.LEASE_SECONDS = 0.4
    generation = make_generation(owner, workflow, inputs={"num_inference_steps": 12})
    execution.run_next("generation")
    assert lifecycle.reap(republish_seconds=30).returned == 0
    generation.refresh_from_db()
    assert generation.status == Status.SUCCEEDED
    assert the_task(generation).attempt == 1


def test_a_task_that_takes_too_long_fails_at_once_and_for_good(owner, workflow, mock, settings):
    mock(step_seconds=0.05)
    settings.LEASE_SECONDS, settings.TASK_TIME_LIMIT = 0.4, 0.5
    generation = make_generation(owner, workflow, inputs={"num_inference_steps": 100})
    execution.run_next("generation")

    task, prediction = the_task(generation), generation.predictions.get()
    assert (task.status, task.error_code, task.attempt) == (Status.FAILED, "time_limit", 1)
    assert (prediction.status, prediction.error_code) == (Status.FAILED, "time_limit")
    assert "0.5 s" in task.error_detail and Asset.objects.count() == 0


def test_a_task_that_does_not_listen_fails_too_and_what_it_makes_is_thrown_away(
    owner, workflow, mock, monkeypatch, settings
):
    settings.LEASE_SECONDS, settings.TASK_TIME_LIMIT = 0.4, 0.2
    generator = mock()
    generate = generator.generate

    def deaf(request, on_step, should_cancel):
        while the_task(generation).status == Status.PROCESSING:
            time.sleep(0.01)
        return generate(request, on_step, lambda: False)

    monkeypatch.setattr(generator, "generate", deaf)
    generation = make_generation(owner, workflow)
    execution.run_next("generation")
    assert the_task(generation).error_code == "time_limit"
    assert not list(settings.MEDIA_ROOT.rglob("*.png"))


def test_an_output_of_a_lost_lease_is_thrown_away_with_its_file(owner, workflow, mock, monkeypatch, settings):
    mock()
    generation = make_generation(owner, workflow)
    stored = []
    succeed = lifecycle.succeed

    def too_late(held, output):
        stored.extend(output.assets)
        lifecycle.cancel_generation(generation.id)
        return succeed(held, output)

    monkeypatch.setattr(lifecycle, "succeed", too_late)
    execution.run_next("generation")

    assert len(stored) == 1 and not stored[0].file.name
    assert not list(settings.MEDIA_ROOT.rglob("*.png"))
    assert generation.predictions.get().outputs.count() == 0


def test_a_commit_whose_answer_got_lost_keeps_its_file(owner, workflow, mock, monkeypatch):
    mock()
    generation = make_generation(owner, workflow)
    succeed, answers = lifecycle.succeed, iter([OperationalError("the connection is closed")])

    def unheard(held, output):
        done = succeed(held, output)
        for error in answers:
            raise error
        return done

    monkeypatch.setattr(lifecycle, "succeed", unheard)
    execution.run_next("generation")

    asset = generation.predictions.get().outputs.get()
    assert asset.file.storage.exists(asset.file.name)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ModelNotFound("There is no model; install it."), Status.FAILED, "model_not_found"),
        (HubUnreachable("The hub is away."), Status.STARTING, "hub_unreachable"),
        (OutOfMemory("Too large."), Status.STARTING, "out_of_memory"),
        (RuntimeError("a bug"), Status.STARTING, "internal_error"),
        (OSError("disk full"), Status.STARTING, "storage_unavailable"),
    ],
)
def test_the_error_decides_what_happens_next(owner, workflow, mock, monkeypatch, error, status, code):
    raising(mock(), error, monkeypatch)
    generation = make_generation(owner, workflow)
    execution.run_next("generation")
    task = the_task(generation)
    assert (task.status, task.error_code) == (status, code)


def test_a_fatal_device_error_returns_the_task_and_ends_the_process(owner, workflow, mock, monkeypatch):
    raising(mock(), DeviceFault("The device failed."), monkeypatch)
    generation = make_generation(owner, workflow)
    with pytest.raises(execution.ProcessUnfit):
        execution.run_next("generation")
    assert the_task(generation).status == Status.STARTING


def test_an_unknown_generator_fails_with_its_name(owner):
    generation = make_generation(owner, make_workflow(generator="teleport"))
    execution.run_next("generation")
    task = the_task(generation)
    assert (task.status, task.error_code) == (Status.FAILED, "unknown_generator")
    assert "'teleport'" in task.error_detail


def test_an_input_that_is_gone_fails_clearly(owner, workflow, mock):
    mock()
    generation = make_generation(owner, workflow)
    Task.objects.update(
        params={**the_task(generation).params, "image": "00000000-0000-0000-0000-000000000000"}
    )
    execution.run_next("generation")
    assert the_task(generation).error_code == "input_gone"


def test_the_request_id_reaches_the_workers_log_lines(owner, workflow, mock, caplog):
    mock()
    make_generation(owner, workflow)
    Task.objects.update(request_id="from-http-1")
    execution.run_next("generation")
    said = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    named = {line["event"] for line in said if line.get("request_id") == "from-http-1"}
    assert named == {
        f"{noun}_{status}"
        for noun in ("task", "prediction", "generation")
        for status in ("processing", "succeeded")
    }
