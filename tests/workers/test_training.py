"""A training task from its pictures to a subject that speaks with its LoRA, on the real pocket checkpoint."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gpu.requests import Adapter, InferenceRequest, PipelineKey
from gpu.weights import validate_lora
from strategies import lifecycle
from strategies.assets import asset_create
from strategies.models import Asset, Lora, Status, Subject, Task
from strategies.params import parse
from strategies.services.training import TrainingAsk, training_prepare, training_start
from tests.api.work import png
from tests.factories import make_generation, make_workflow, spec, text_to_image_contract, the_task
from workers import execution, generators, identity
from workers.generators.local_sdxl import LocalSdxl, LocalSdxlConfig
from workers.weights import local_file, model_source

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def device():
    """The process's generator, as a pool with a CPU has it."""
    torch.set_num_threads(1)
    drawing, identity.DRAWS = identity.DRAWS, True
    made = LocalSdxl(LocalSdxlConfig(device="cpu"))
    made.start()
    yield made
    made.stop()
    identity.DRAWS = drawing


@pytest.fixture(autouse=True)
def _home(device, monkeypatch, settings, tmp_path):
    monkeypatch.setitem(generators._started, "local_sdxl", device)
    settings.HOME = tmp_path / "home"


@pytest.fixture
def casting():
    """The default workflow, which also takes a subject."""
    contract = text_to_image_contract()
    contract["inputs"].append(spec("subject", "character"))
    return make_workflow(
        contract=contract, generator="local_sdxl", checkpoint="pocket:pocket-sdxl", strategy="generate",
        is_default_for_strategy=True,
    )  # fmt: skip


@pytest.fixture
def subject(owner) -> Subject:
    return Subject.objects.create(owner=owner, name="Zorp", trigger_word="zorp", weight=0.3)


@pytest.fixture
def training(casting, subject) -> Task:
    return ask(subject)


def ask(subject, steps=3) -> Task:
    images = [str(asset_create(subject.owner, png(colour, 128)).id) for colour in ("red", "blue")]
    asked = TrainingAsk(images=images, num_train_steps=steps, rank=2, learning_rate=1e-3, seed=5)
    return training_start(training_prepare(subject, asked))


def folders(settings) -> list[Path]:
    return list((settings.HOME / "unfinished").glob("*"))


def test_a_trained_subject_speaks_with_its_lora_in_the_next_picture(
    owner, casting, subject, training, settings
):
    assert execution.run_next("training") == str(training.id)

    training.refresh_from_db()
    subject.refresh_from_db()
    lora = Lora.objects.get()
    assert training.status == Status.SUCCEEDED, training.error_detail
    assert (lora.owner, lora.name, lora.rank) == (owner, "Zorp", 2)
    assert (subject.lora, subject.weight) == (lora, 1.0)
    assert training.result["lora"] == str(lora.id) and training.result["sha256"] == lora.sha256
    assert training.result["steps"] == 3 and training.result["loss"]["first"] > 0
    assert validate_lora(local_file(lora.file)).sha256 == lora.sha256
    picture = training.assets.get()
    assert (picture.width, picture.height, picture.prediction_id) == (128, 128, None)
    assert folders(settings) == []

    generation = make_generation(
        owner, casting, inputs={"subject": str(subject.id), "num_inference_steps": 2}
    )
    execution.run_next("generation")
    record = generation.predictions.get().provenance
    assert record["prompt"].startswith("zorp ")
    assert record["adapters"][0]["sha256"] == lora.sha256
    assert the_task(generation).assets.count() == 1


def test_a_training_whose_worker_died_goes_on_where_it_was(training, subject, device, monkeypatch, settings):
    """What a kill -9 leaves: a lease that runs out, and files."""
    train = device.train

    def until_killed(request, on_step, should_cancel):
        def died(event):
            if event.step == 2:
                raise KeyboardInterrupt

        return train(replace(request, checkpoint_seconds=0), died, should_cancel)

    monkeypatch.setattr(device, "train", until_killed)
    with pytest.raises(KeyboardInterrupt):
        execution.run_next("training")
    monkeypatch.undo()
    monkeypatch.setitem(generators._started, "local_sdxl", device)
    assert len(folders(settings)) == 1
    lifecycle.expire_leases(worker=identity.NODE)
    assert lifecycle.reap(republish_seconds=30).returned == 1

    execution.run_next("training")

    training.refresh_from_db()
    assert (training.status, training.attempt) == (Status.SUCCEEDED, 2)
    assert (training.result["resumed_at"], training.result["steps"]) == (1, 3)
    assert Lora.objects.count() == 1 and folders(settings) == []


def test_a_canceled_training_leaves_nothing(training, subject, device, monkeypatch, settings):
    train = device.train

    def canceled_after_a_step(request, on_step, should_cancel):
        steps = []

        def cancel(event):
            steps.append(event.step)
            lifecycle.cancel_task(training)

        return train(request, cancel, lambda: bool(steps))

    monkeypatch.setattr(device, "train", canceled_after_a_step)
    execution.run_next("training")

    training.refresh_from_db()
    subject.refresh_from_db()
    assert training.status == Status.CANCELED and subject.lora is None
    assert not Lora.objects.exists() and not Asset.objects.filter(task=training).exists()
    assert folders(settings) == []


def test_a_lora_of_a_training_that_was_canceled_at_the_last_moment_is_taken_away(
    training, monkeypatch, settings
):
    succeed = lifecycle.succeed

    def too_late(held, output):
        lifecycle.cancel_task(held.task)
        return succeed(held, output)

    monkeypatch.setattr(lifecycle, "succeed", too_late)
    execution.run_next("training")

    assert not Lora.objects.exists()
    assert not list(settings.MEDIA_ROOT.rglob("*.safetensors"))


def test_a_subject_deleted_before_its_training_ends_it_clearly(training, subject):
    subject.delete()
    execution.run_next("training")
    training.refresh_from_db()
    assert (training.status, training.error_code) == (Status.FAILED, "input_gone")


def test_the_trained_file_changes_a_picture_and_only_while_it_is_attached(device, training):
    key = PipelineKey(model_source(parse(training.params).checkpoint))

    def draw(*adapters):
        request = InferenceRequest(
            key=key, prompts=("zorp",), seeds=(1,), width=128, height=128, num_inference_steps=2,
            guidance_scale=3.0, adapters=adapters,
        )  # fmt: skip
        return device.generate(request, lambda _: None, lambda: False).images[0].tobytes()

    before = draw()
    execution.run_next("training")
    lora = Lora.objects.get()
    assert draw(Adapter(local_file(lora.file))) != before
    assert draw() == before
