"""While one task is drawn, what the next ones need gets ready, and nothing else changes."""

import shutil
import time
from pathlib import Path

import pytest

from gpu import pocket
from strategies import lifecycle
from strategies.models import Lora, Task
from strategies.policy import POLICY
from tests.factories import make_generation, make_owner, make_workflow
from tests.gpu.test_runner import change
from workers import execution, fetching, generators, identity, scheduling
from workers.generators.local_sdxl import LocalSdxl, LocalSdxlConfig
from workers.generators.mock import Mock, MockConfig

pytestmark = pytest.mark.django_db(transaction=True)
FIRST = "pocket:pocket-sdxl"


@pytest.fixture(autouse=True)
def _drawing_pool(monkeypatch):
    monkeypatch.setattr(identity, "DRAWS", True)
    monkeypatch.setattr(identity, "QUEUES", ("training", "editing", "generation"))
    monkeypatch.setattr(fetching, "_next_look", 0.0)
    yield
    looked()


def looked():
    """Wait until nobody looks ahead any more."""
    assert fetching._looking.acquire(timeout=20)
    fetching._looking.release()


def waited_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def drawing(checkpoint, owner=None, **inputs):
    """A task that waits to be drawn from this checkpoint."""
    workflow = make_workflow(generator="local_sdxl", checkpoint=checkpoint)
    asked = {"num_inference_steps": 2, **inputs}
    return make_generation(owner or make_owner(), workflow, inputs=asked)


class Told(Mock):
    """Draws nothing, and remembers what it was told to fetch."""

    def __init__(self):
        super().__init__(MockConfig())
        self.fetched = []

    def prefetch(self, keys, adapters=()):
        self.fetched.append(([Path(key.checkpoint.location).name for key in keys], list(adapters)))


@pytest.fixture
def told(monkeypatch):
    generator = Told()
    monkeypatch.setitem(generators._started, "local_sdxl", generator)
    return generator


@pytest.fixture
def second(tmp_path, settings):
    """A checkpoint of another UNet, as a workflow names it."""
    settings.MODELS_DIR = str(tmp_path)
    change(Path(shutil.copytree(pocket.CHECKPOINT, tmp_path / "second")) / "unet")
    return "second"


def test_the_next_model_is_resident_when_its_turn_comes(owner, second, monkeypatch):
    generator = LocalSdxl(LocalSdxlConfig(device="cpu"))
    generator.start()
    generator._runner._engine.loads_ahead = True
    monkeypatch.setitem(generators._started, "local_sdxl", generator)
    drawing(FIRST, owner)
    following = drawing(second, owner)

    execution.run_next("generation")
    looked()
    waited_for(lambda: second in scheduling.resident())
    loads = generator.health()["memory"]["misses"]
    execution.run_next("generation")
    looked()

    following.refresh_from_db()
    assert following.status == "succeeded"
    assert generator.health()["memory"]["misses"] == loads == 2
    generator.stop()


def test_the_present_task_comes_first_then_its_queue_then_the_others(told):
    editing = drawing("three")
    drawing("one")
    drawing("two")
    Task.objects.filter(generation=editing).update(queue="editing")
    assert execution.run_next("generation")
    looked()
    assert told.fetched == [(["one", "two", "three"], [])]


def test_only_the_next_few_tasks_count(told, owner):
    drawing(FIRST)
    for number in range(POLICY.ahead + 2):
        drawing(f"model-{number}", owner)
    execution.run_next("generation")
    looked()
    assert [len(names) for names, _ in told.fetched] == [1 + POLICY.ahead]


def test_the_loras_of_waiting_tasks_are_named_and_one_that_is_gone_is_passed_over(told, owner):
    lora = Lora.objects.create(owner=owner, name="gone", sha256="0", size=1, rank=1, file="gone.safetensors")
    drawing(FIRST, owner)
    drawing("two", owner, loras=[{"lora": str(lora.id)}])
    workflow = make_workflow(
        generator="local_sdxl", checkpoint="three", loras=[{"lora": "pocket:pocket-lora-outline"}]
    )
    make_generation(owner, workflow)
    Lora.objects.all().delete()
    execution.run_next("generation")
    looked()
    ((names, adapters),) = told.fetched
    assert names == ["pocket-sdxl", "three"]
    assert [each.name for each in adapters] == ["pocket:pocket-lora-outline"]


def test_a_look_that_fails_costs_the_present_task_nothing(told, owner, monkeypatch):
    monkeypatch.setattr(lifecycle, "upcoming", lambda *_: 1 / 0)
    generation = drawing(FIRST, owner)
    execution.run_next("generation")
    looked()
    generation.refresh_from_db()
    assert (generation.status, told.fetched) == ("succeeded", [])


def test_quick_tasks_are_not_looked_beyond_one_by_one(told, owner, monkeypatch):
    monkeypatch.setattr(fetching, "EVERY", 600.0)
    for _ in range(3):
        drawing(FIRST, owner)
    for _ in range(3):
        execution.run_next("generation")
        looked()
    assert len(told.fetched) == 1


def test_a_pool_without_a_device_does_not_look(told, owner, monkeypatch):
    monkeypatch.setattr(identity, "DRAWS", False)
    drawing(FIRST, owner)
    execution.run_next("generation")
    assert told.fetched == []
