"""A LoRA is learnt on the resident checkpoint, which stays as it was; a cut-off training goes on."""

from dataclasses import replace

import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file

from gpu.errors import BrokenOutput, Canceled, InvalidRequest
from gpu.requests import Adapter, PipelineKey
from gpu.training import CHECKPOINT as CHECKPOINT_FILE
from gpu.training_requests import TrainingRequest
from gpu.weights import validate_lora
from tests.gpu.pocket_world import CHECKPOINT, same

STEPS = 8


def picture(color):
    image = Image.new("RGB", (160, 128), (245, 245, 245))
    ImageDraw.Draw(image).polygon([(40, 20), (120, 20), (120, 100), (80, 60)], fill=color)
    return image


@pytest.fixture
def lesson(tmp_path):
    return TrainingRequest(
        key=PipelineKey(CHECKPOINT),
        images=(picture("red"), picture("blue")),
        prompt="a zorp",
        steps=STEPS,
        rank=4,
        learning_rate=3e-3,
        seed=7,
        folder=tmp_path / "one",
    )


def nobody():
    return False


def ignore(step):
    pass


def weights_of(runner):
    with runner._models.use(PipelineKey(CHECKPOINT)) as models:
        pipeline = models.checkpoint.model
        parts = (pipeline.unet, pipeline.vae, pipeline.text_encoder, pipeline.text_encoder_2)
        return {
            f"{number}.{name}": tensor.clone()
            for number, part in enumerate(parts)
            for name, tensor in part.state_dict().items()
        }


def test_a_training_lowers_the_loss_and_leaves_the_models_bit_identical(runner, ask, lesson):
    before, plain = weights_of(runner), runner.run(ask()).images[0]
    seen = []

    result = runner.train(lesson, seen.append, nobody)

    after = weights_of(runner)
    assert after.keys() == before.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert same(plain, runner.run(ask()).images[0])
    assert [(event.step, event.steps) for event in seen] == [(n, STEPS) for n in range(1, STEPS + 1)]
    again = runner.train(replace(lesson, folder=lesson.folder.parent / "lower", steps=40), ignore, nobody)
    assert result.losses == again.losses[:STEPS]
    assert sum(again.losses[-15:]) < 0.8 * sum(again.losses[:15])

    assert validate_lora(again.file).rank == 4
    drawn = runner.run(ask(adapters=(Adapter(str(again.file)),))).images[0]
    assert not same(plain, drawn)
    assert same(plain, runner.run(ask()).images[0])


def test_a_killed_training_goes_on_at_its_saved_step_to_the_same_weights(runner, lesson):
    whole = runner.train(lesson, ignore, nobody)

    class Killed(BaseException):
        """As sudden as a signal: nobody tidies up."""

    def die_at_five(event):
        if event.step == 5:
            raise Killed

    cut = replace(lesson, folder=lesson.folder.parent / "cut", checkpoint_seconds=0)
    with pytest.raises(Killed):
        runner.train(cut, die_at_five, nobody)
    steps = []
    resumed = runner.train(cut, lambda event: steps.append(event.step), nobody)

    assert steps == [5, 6, 7, 8] and resumed.resumed_at == 4
    assert resumed.losses == whole.losses
    first, second = load_file(whole.file), load_file(resumed.file)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_canceled_training_stops_between_two_steps_and_keeps_what_it_has(runner, ask, lesson):
    plain, steps = runner.run(ask()).images[0], []
    with pytest.raises(Canceled):
        runner.train(lesson, lambda event: steps.append(event.step), lambda: len(steps) == 3)
    assert steps == [1, 2, 3]
    assert (lesson.folder / CHECKPOINT_FILE).exists()
    assert same(plain, runner.run(ask()).images[0])
    assert runner.train(lesson, ignore, nobody).resumed_at == 3


def test_a_training_that_diverges_says_so_and_leaves_no_trace(runner, ask, lesson):
    plain = runner.run(ask()).images[0]
    blank = Image.new("RGB", (128, 128))
    with pytest.raises(BrokenOutput, match="learning_rate"):
        runner.train(replace(lesson, images=(blank,), learning_rate=1.0, steps=60), ignore, nobody)
    assert same(plain, runner.run(ask()).images[0])


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"rank": 129}, {"images": ()}, {"learning_rate": 0.0}])
def test_what_cannot_be_trained_is_refused(lesson, wrong):
    with pytest.raises(InvalidRequest):
        replace(lesson, **wrong)
