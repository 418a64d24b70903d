"""Tasks that run together: one call, and yet each for itself."""

import io

import numpy as np
import pytest
from PIL import Image

from gpu.errors import BrokenOutput, DeviceFault, OutOfMemory
from gpu.images import read_provenance
from strategies import lifecycle
from strategies.models import BatchLimit, Share, Status, Task
from tests.factories import make_generation, make_owner, make_workflow, the_task
from workers import execution, generators, identity, outputs, scheduling
from workers.generators.mock import Mock, MockConfig
from workers.reporting import Reporter

pytestmark = pytest.mark.django_db(transaction=True)
SHAPE = {"width": 128, "height": 128, "num_inference_steps": 4}


class Watched(Mock):
    """A mock that remembers its calls, and refuses some as a test likes."""

    def __init__(self) -> None:
        super().__init__(MockConfig())
        self.calls: list[tuple[int, ...]] = []
        self.refuse = lambda request: None

    def generate(self, request, on_step, should_cancel):
        self.calls.append(request.seeds)
        if error := self.refuse(request):
            raise error
        return super().generate(request, on_step, should_cancel)


@pytest.fixture
def mock(monkeypatch) -> Watched:
    generator = Watched()
    monkeypatch.setitem(generators._started, "mock", generator)
    monkeypatch.setattr(scheduling, "_load_seconds", None)
    return generator


def room_for(images: int, model: str = "") -> None:
    BatchLimit.objects.create(pool=identity.NODE, model=model, width=128, height=128, steps=4, images=images)


def ask(owner, workflow, seed, **inputs):
    return make_generation(owner, workflow, seed=seed, inputs={**SHAPE, **inputs})


def statuses() -> list[str]:
    return list(Task.objects.order_by("created_at").values_list("status", flat=True))


def picture(generation):
    return generation.predictions.get().outputs.get().file.read()


def test_requests_of_several_owners_run_in_one_call_each_with_its_own_words_and_seed(workflow, mock):
    room_for(3)
    ours, theirs = make_owner(), make_owner()
    made = [
        ask(ours, workflow, 5, prompt="a red circle"),
        ask(theirs, workflow, 9, prompt="a blue square"),
        ask(ours, workflow, 2, prompt="a green star"),
        ask(ours, workflow, 7, prompt="one too many"),
    ]
    execution.run_next("generation")

    assert mock.calls == [(5, 9, 2)]
    assert statuses() == ["succeeded", "succeeded", "succeeded", "starting"]
    records = [read_provenance(picture(each)) for each in made[:3]]
    assert [(record["prompt"], record["seed"]) for record in records] == [
        ("a red circle", 5), ("a blue square", 9), ("a green star", 2),
    ]  # fmt: skip
    assert [record["extra"]["generation"] for record in records] == [str(each.id) for each in made[:3]]
    colours = {Image.open(io.BytesIO(picture(each))).getpixel((0, 0)) for each in made[:3]}
    assert len(colours) == 3
    assert made[1].predictions.get().outputs.get().owner_id == theirs.pk


def test_without_a_measured_limit_everything_runs_alone(owner, workflow, mock):
    for seed in (1, 2):
        ask(owner, workflow, seed)
    execution.run_next("generation")
    assert mock.calls == [(1,)]


@pytest.mark.parametrize(
    "other",
    [{"width": 64}, {"num_inference_steps": 5}, {"guidance_scale": 2.0}, {"negative_prompt": "blurry"}],
)
def test_what_a_call_shares_must_be_equal(owner, workflow, mock, other):
    room_for(8)
    ask(owner, workflow, 1)
    ask(owner, workflow, 2, **other)
    ask(owner, workflow, 3)
    execution.run_next("generation")
    assert mock.calls == [(1, 3)]


def test_other_workflows_run_beside_it_only_if_they_draw_alike(owner, workflow, mock):
    room_for(8)
    ask(owner, workflow, 1)
    ask(owner, make_workflow(), 2)
    ask(owner, make_workflow(checkpoint="pocket:pocket-sdxl"), 3)
    execution.run_next("generation")
    assert mock.calls == [(1, 2)]


def test_a_cancel_of_one_leaves_the_others_alone(owner, workflow, mock, monkeypatch):
    room_for(3)
    made = [ask(owner, workflow, seed) for seed in (1, 2, 3)]
    mock.refuse = lambda _: lifecycle.cancel_generation(made[1].id) and None
    execution.run_next("generation")
    assert mock.calls == [(1, 2, 3)]
    assert statuses() == ["succeeded", "canceled", "succeeded"]
    assert made[1].predictions.get().outputs.count() == 0


def test_one_that_cannot_be_drawn_fails_alone(owner, workflow, mock):
    room_for(3)
    made = [ask(owner, workflow, seed) for seed in (1, 2, 3)]
    mock.refuse = lambda request: BrokenOutput("The model computed NaN.") if 2 in request.seeds else None
    execution.run_next("generation")
    assert mock.calls == [(1, 2, 3), (1,), (2,), (3,)]
    assert statuses() == ["succeeded", "failed", "succeeded"]
    assert the_task(made[1]).error_code == "broken_output"


def test_one_whose_file_cannot_be_stored_is_tried_again_alone(owner, workflow, mock, monkeypatch):
    room_for(2)
    made = [ask(owner, workflow, seed) for seed in (1, 2)]
    stored, unlucky = outputs.Draft.stored, the_task(made[0]).id

    def full(draft):
        if draft.task.id == unlucky:
            raise OSError("disk full")
        return stored(draft)

    monkeypatch.setattr(outputs.Draft, "stored", full)
    execution.run_next("generation")
    assert statuses() == ["starting", "succeeded"]
    assert the_task(made[0]).error_code == "storage_unavailable"


def test_out_of_memory_halves_the_batch_and_is_remembered(owner, workflow, mock):
    room_for(4)
    for seed in range(1, 9):
        ask(owner, workflow, seed)
    mock.refuse = lambda request: OutOfMemory("Too large.") if len(request.seeds) > 2 else None
    execution.run_next("generation")
    assert mock.calls == [(1, 2, 3, 4), (1, 2), (3, 4)]
    assert statuses()[:4] == ["succeeded"] * 4
    assert BatchLimit.objects.get().images == 2

    execution.run_next("generation")
    assert mock.calls[3:] == [(5, 6)]


def test_a_fatal_error_returns_all_of_them(owner, workflow, mock):
    room_for(2)
    for seed in (1, 2):
        ask(owner, workflow, seed)
    mock.refuse = lambda _: DeviceFault("The device failed.")
    with pytest.raises(execution.ProcessUnfit):
        execution.run_next("generation")
    assert statuses() == ["starting", "starting"]


def test_each_owner_pays_for_its_part_of_the_call(workflow, mock):
    room_for(2)
    mock.config = MockConfig(step_seconds=0.02)
    owners = [make_owner(), make_owner()]
    for owner in owners:
        ask(owner, workflow, 1)
    execution.run_next("generation")
    whole = Task.objects.first().result["timings"]["total_s"]
    assert whole >= 2 * 4 * 0.02
    for owner in owners:
        assert Share.objects.get(owner=owner).seconds == pytest.approx(whole / 2, rel=0.01)


def test_a_worker_goes_on_with_the_model_it_has(owner, mock):
    one, other = (make_workflow(checkpoint=name) for name in ("first", "second"))
    made = [ask(owner, each, seed) for seed, each in enumerate((one, other, one, other, one))]
    for _ in made:
        execution.run_next("generation")
    assert mock.calls == [(0,), (2,), (4,), (1,), (3,)]


def test_a_batch_is_what_single_runs_are(owner, pocket):
    """Within rounding: through the whole worker, with the pocket models."""
    workflow = make_workflow(generator="local_sdxl", checkpoint="pocket:pocket-sdxl")

    def drawn() -> list[np.ndarray]:
        made = [ask(owner, workflow, seed, prompt=f"a {seed} circle") for seed in (11, 12)]
        while execution.run_next("generation"):
            pass
        return [np.asarray(Image.open(io.BytesIO(picture(each))), dtype=int) for each in made]

    single = drawn()
    room_for(2, model="pocket-sdxl")
    together = drawn()
    assert set(Task.objects.values_list("result__images", flat=True)) == {1, 2}
    for alone, beside in zip(single, together, strict=True):
        assert np.abs(alone - beside).max() <= 2
    assert Task.objects.filter(status=Status.SUCCEEDED).count() == 4


def test_what_loading_takes_here_is_told_to_the_policy_and_in_the_pools_report(owner, mock):
    assert (scheduling.load_seconds(), Reporter()._report().load_seconds) == (None, None)
    mock.config = MockConfig(load_seconds=0.2)
    ask(owner, make_workflow(checkpoint="org/one", checkpoint_revision="a" * 40), 1)
    execution.run_next("generation")
    told = Reporter()._report().load_seconds
    assert 0.2 <= told == scheduling.policy().load_seconds < 5
