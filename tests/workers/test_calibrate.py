"""Measuring how many images one call should draw, and storing it where claims look."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from gpu import pocket
from gpu.errors import OutOfMemory
from strategies.models import BatchLimit, Task
from tests.factories import make_generation, make_workflow
from workers import calibration, identity
from workers.generators.mock import Mock, MockConfig
from workers.limits import room_for

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The clock that calibration reads: only generators move it."""
    clock = Clock()
    monkeypatch.setattr(calibration, "time", clock)
    return clock


class Clock:
    now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Costs(Mock):
    """A call costs so many seconds, and so many for each image, of which some fit."""

    def __init__(self, clock: Clock, a_call: float, an_image: float, fit: int = 64) -> None:
        super().__init__(MockConfig())
        self.clock, self.a_call, self.an_image, self.fit = clock, a_call, an_image, fit

    def generate(self, request, on_step, should_cancel):
        if len(request.seeds) > self.fit:
            raise OutOfMemory("Too large.")
        self.clock.now += self.a_call + self.an_image * len(request.seeds)
        return super().generate(request, on_step, should_cancel)


def shape(**changes):
    workflow = make_workflow(generator="local_sdxl", checkpoint="pocket:pocket-sdxl", **changes)
    return calibration.shape_of(workflow, None, None)


def test_larger_calls_are_tried_while_they_pay(clock):
    measured = calibration.rates(Costs(clock, 0.03, 0.003), shape().request, most=4)
    assert measured == pytest.approx({1: 1 / 0.033, 2: 2 / 0.036, 4: 4 / 0.042})
    assert calibration.best(measured) == 4


def test_what_does_not_fit_is_not_chosen(clock):
    measured = calibration.rates(Costs(clock, 0.03, 0.003, fit=2), shape().request, most=16)
    assert list(measured) == [1, 2] and calibration.best(measured) == 2
    assert calibration.rates(Costs(clock, 0.03, 0.003, fit=0), shape().request, most=16) == {}


def test_where_a_call_costs_what_its_images_cost_one_is_drawn_at_a_time(clock):
    measured = calibration.rates(Costs(clock, 0.001, 0.1), shape().request, most=16)
    assert list(measured) == [1, 2] and calibration.best(measured) == 1


@pytest.mark.parametrize(
    ("rates", "chosen"),
    [({1: 1.0, 2: 1.02}, 1), ({1: 1.0, 2: 1.5, 4: 1.2}, 2), ({1: 1.0, 2: 0.9, 4: 1.3}, 4), ({1: 2.0}, 1)],
)
def test_a_larger_call_must_be_clearly_faster(rates, chosen):
    assert calibration.best(rates) == chosen


def test_it_draws_with_what_the_author_named():
    drawn = shape(vae="pocket:pocket-sdxl/vae", refiner="pocket:pocket-sdxl", refiner_start=0.6).request
    assert Path(drawn.key.vae.location) == pocket.CHECKPOINT / "vae"
    assert Path(drawn.key.refiner.location) == pocket.CHECKPOINT
    assert drawn.refiner_start == 0.6
    assert (shape().request.key.vae, shape().request.key.refiner) == (None, None)


def test_what_was_measured_is_what_a_claim_asks_for(owner):
    drawn = shape()
    calibration.store(identity.NODE, drawn, {1: 1.0, 2: 1.6, 4: 2.2})
    assert BatchLimit.objects.get().measured == {"1": 1.0, "2": 1.6, "4": 2.2}
    workflow = make_workflow(generator="local_sdxl", checkpoint="pocket:pocket-sdxl")
    make_generation(owner, workflow)
    make_generation(owner, workflow, inputs={"num_inference_steps": 5})
    exactly, other = Task.objects.order_by("due_at")
    assert (room_for(exactly), room_for(other)) == (4, 1)

    calibration.store(identity.NODE, drawn, {1: 1.0, 2: 1.0})
    assert room_for(exactly) == 1


def test_the_command_says_what_it_cannot_do(tmp_path, settings):
    settings.POOLS_FILE = tmp_path / "pools.toml"
    settings.POOLS_FILE.write_text('[[pool]]\nname = "one"\ndevice = "cpu"\nqueues = ["generation"]\n')
    with pytest.raises(CommandError, match="cannot be calibrated"):
        call_command("calibrate", "--workflow", "nothing-like-it")
    settings.POOLS_FILE.write_text('[[pool]]\nname = "light"\ndevice = "none"\nqueues = ["prompt"]\n')
    with pytest.raises(CommandError, match="there are: none"):
        call_command("calibrate")
