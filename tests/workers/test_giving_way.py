"""A clip that is being drawn makes room for a picture, and goes on to the same pixels."""

import time
from datetime import timedelta

import av
import pytest
from django.utils import timezone

from families.demo_video import CONTRACT
from strategies import scheduling
from strategies.models import Status, Task
from strategies.services.generations import GenerationAsk, generation_create
from tests.factories import make_generation, make_workflow, the_task, uploaded
from tests.pictures import circle_and_square
from workers import execution, identity
from workers.generators import get_generator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clip(owner):
    """Asks for one, of four steps."""
    inputs = {
        "source_image": uploaded(owner, circle_and_square()), "num_frames": 3, "num_inference_steps": 4,
        "noise_aug_strength": 0.1,
    }  # fmt: skip
    recipe = make_workflow(
        strategy="video", contract=CONTRACT, generator="local_sdxl", checkpoint="pocket:pocket-svd"
    )
    asked = GenerationAsk(workflow=recipe.key, inputs=inputs, seed=5)
    return lambda: generation_create(owner=owner, ask=asked)


@pytest.fixture(autouse=True)
def _one_device(monkeypatch, settings, tmp_path):
    settings.HOME = tmp_path / "home"
    settings.LEASE_SECONDS = 0.4  # beats of a tenth of a second
    monkeypatch.setattr(identity, "QUEUES", ("generation", "video"))
    monkeypatch.setattr(scheduling, "SHORT_TURN", timedelta(0))


def test_a_clip_gives_way_to_a_picture_and_goes_on_to_the_same_pixels(
    owner, workflow, clip, pocket, monkeypatch, settings
):
    undisturbed, disturbed = clip(), clip()
    assert execution.run_next("video") == str(the_task(undisturbed).id)
    generator = get_generator("local_sdxl")
    animate = generator.animate

    def with_a_picture_asked_for(request, on_step, should_cancel):
        def then(event):
            on_step(event)
            if event.step == 2:
                make_generation(owner, workflow)
                late = timezone.now() - timedelta(seconds=2)
                Task.objects.filter(queue="generation").update(created_at=late)
                end = time.monotonic() + 20
                while not should_cancel() and time.monotonic() < end:
                    time.sleep(0.01)

        return animate(request, then, should_cancel)

    with monkeypatch.context() as patched:
        patched.setattr(generator, "animate", with_a_picture_asked_for)
        execution.run_turn("video")
    task = the_task(disturbed)
    assert (task.status, task.attempt, task.worker) == (Status.STARTING, 0, identity.NODE)
    first_turn = task.device_seconds
    assert execution.run_next("video") is None  # the picture goes before
    assert execution.run_next("generation") and execution.run_next("video") == str(task.id)

    task.refresh_from_db()
    assert (task.status, task.attempt, task.result["resumed_at"]) == (Status.SUCCEEDED, 1, 2)
    assert task.result["seconds"] > first_turn > 0 and task.device_seconds > first_turn
    assert disturbed.predictions.get().predict_seconds == pytest.approx(task.result["seconds"])
    assert pixels_of(disturbed) == pixels_of(undisturbed)
    assert not list((settings.HOME / "unfinished").glob("*"))


def pixels_of(generation) -> list[bytes]:
    """Of all frames of a clip."""
    clip = generation.predictions.get().outputs.get(index=0)
    with clip.file.open() as file, av.open(file) as container:
        return [frame.to_ndarray(format="rgb24").tobytes() for frame in container.decode(video=0)]
