"""What was drawn is written beside the next drawing, and nothing of a task's guarantees is lost by it."""

import io
import threading
import time

import pytest
from PIL import Image

from gpu.errors import DeviceFault
from strategies import lifecycle
from strategies.models import Asset, Status, Task
from tests.factories import make_generation, the_task
from workers import execution, generators, outputs
from workers.delivery import Stage
from workers.generators.mock import Mock, MockConfig

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mock(monkeypatch):
    generator = Mock(MockConfig())
    monkeypatch.setitem(generators._started, "mock", generator)
    return generator


@pytest.fixture
def before_encoding(monkeypatch):
    """Runs something in the stage's thread before each picture is encoded."""

    def install(action) -> None:
        encoded = outputs.encoded
        monkeypatch.setattr(outputs, "encoded", lambda *args: (action(), encoded(*args))[1])

    return install


@pytest.fixture
def before_drawing(mock, monkeypatch):
    """Runs something in the device's thread before each picture is drawn, with the number of it."""

    def install(action) -> None:
        generate, count = mock.generate, iter(range(100))
        monkeypatch.setattr(mock, "generate", lambda *args: (action(next(count)), generate(*args))[1])

    return install


def test_the_next_is_drawn_while_the_last_is_written(owner, workflow, before_encoding, before_drawing):
    second_begun = threading.Event()
    before_drawing(lambda number: second_begun.set() if number == 1 else None)
    before_encoding(lambda: second_begun.wait(20) or pytest.fail("the second waited for the first's file"))
    pair = [make_generation(owner, workflow) for _ in range(2)]

    assert execution.run_turn("generation") == 2

    assert {the_task(each).status for each in pair} == {Status.SUCCEEDED}
    assert Asset.objects.count() == 2


def test_a_turn_ends_when_all_of_it_is_durable(owner, workflow, mock, before_encoding):
    before_encoding(lambda: time.sleep(0.3))
    make_generation(owner, workflow)
    execution.run_turn("generation")
    assert Task.objects.get().status == Status.SUCCEEDED


def test_a_turn_ends_after_its_time_though_more_is_waiting(owner, workflow, mock, monkeypatch):
    monkeypatch.setattr(execution, "TURN_SECONDS", 0)
    for _ in range(2):
        make_generation(owner, workflow)
    assert execution.run_turn("generation") == 1
    assert Task.objects.filter(status=Status.STARTING).count() == 1


def test_a_lease_lasts_until_everything_is_written(owner, workflow, mock, before_encoding, settings):
    settings.LEASE_SECONDS = 0.4
    reaped = []

    def slowly() -> None:
        time.sleep(1)
        reaped.append(lifecycle.reap(republish_seconds=30).returned)

    before_encoding(slowly)
    generation = make_generation(owner, workflow)
    execution.run_turn("generation")
    assert reaped == [0]
    assert (the_task(generation).status, the_task(generation).attempt) == (Status.SUCCEEDED, 1)


def test_a_cancel_while_it_is_written_leaves_no_file(owner, workflow, mock, before_encoding, settings):
    generation = make_generation(owner, workflow)
    before_encoding(lambda: lifecycle.cancel_generation(generation.id))
    execution.run_turn("generation")
    generation.refresh_from_db()
    assert generation.status == Status.CANCELED
    assert not list(settings.MEDIA_ROOT.rglob("*.png"))


def test_a_full_disk_returns_the_one_task_and_spares_the_next(owner, workflow, mock, before_encoding):
    full = iter([OSError("no space left on device")])

    def once() -> None:
        for error in full:
            raise error

    before_encoding(once)
    unlucky, next_one = (make_generation(owner, workflow) for _ in range(2))
    execution.run_turn("generation")
    assert (the_task(unlucky).status, the_task(unlucky).error_code) == (
        Status.STARTING,
        "storage_unavailable",
    )
    assert the_task(next_one).status == Status.SUCCEEDED


def test_of_several_files_all_are_stored_or_none(owner, workflow, mock, settings):
    generation = make_generation(owner, workflow)
    held = lifecycle.claim(queue="generation", worker="w@h", device="none", lease_seconds=60)
    good = outputs.image_draft(held.task, 0, Image.new("RGB", (8, 8)), {})
    bad = outputs.Draft(held.task, 1, "image/png", (8, 8), lambda: open("/nowhere", "rb").read())  # noqa: SIM115
    with pytest.raises(OSError):
        outputs.Made(drafts=[good, bad]).stored()
    assert not list(settings.MEDIA_ROOT.rglob("*.png"))
    assert the_task(generation).status == Status.PROCESSING


def test_what_is_drawn_is_written_before_an_unfit_process_ends(
    owner, workflow, before_encoding, before_drawing
):
    def fail_the_second(number: int) -> None:
        if number == 1:
            raise DeviceFault("The device failed.")

    before_drawing(fail_the_second)
    before_encoding(lambda: time.sleep(0.3))
    first, second = (make_generation(owner, workflow) for _ in range(2))
    with pytest.raises(execution.ProcessUnfit):
        execution.run_turn("generation")
    assert (the_task(first).status, the_task(second).status) == (Status.SUCCEEDED, Status.STARTING)


def test_a_full_stage_holds_up_whoever_gives_it_more():
    free, put = threading.Event(), []
    with Stage(depth=2) as stage:
        for _ in range(2):
            stage.put(lambda: free.wait(20))
        third = threading.Thread(target=lambda: put.append(stage.put(lambda: None)))
        third.start()
        third.join(0.2)
        assert put == []
        free.set()
        third.join(20)
        assert put == [None]


def test_a_stage_tells_what_went_wrong_and_goes_on():
    done = []

    def stumble() -> None:
        raise LookupError("first")

    with pytest.raises(LookupError, match="first"), Stage() as stage:
        stage.put(stumble)
        stage.put(lambda: done.append("second"))
    assert done == ["second"]


@pytest.mark.parametrize(
    ("asked", "content_type"),
    [
        ({}, "image/png"),
        ({"output_format": "webp"}, "image/webp"),
        ({"output_format": "jpeg", "output_quality": 80}, "image/jpeg"),
    ],
)
def test_a_contract_may_let_the_client_choose_how_the_picture_is_written(
    owner, workflow, mock, asked, content_type
):
    workflow.contract["inputs"] += [
        {"key": "output_format", "kind": "dropdown", "label": "Format", "options": [
            {"value": value} for value in ("png", "webp", "jpeg")
        ]},
        {"key": "output_quality", "kind": "number", "label": "Quality", "minimum": 1, "maximum": 100,
         "integer": True},
    ]  # fmt: skip
    workflow.save()
    generation = make_generation(owner, workflow, inputs=asked)
    execution.run_next("generation")
    asset = generation.predictions.get().outputs.get()
    assert asset.content_type == content_type
    assert f"image/{Image.open(io.BytesIO(asset.file.read())).format.lower()}" == content_type
