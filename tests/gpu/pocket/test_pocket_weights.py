"""The shipped weights draw what they are asked for. The rates demanded leave room below the README's."""

import numpy as np
import pytest

from gpu.pocket import CONTROLNET, LORA, world
from gpu.pocket.evaluate import (
    Sampling,
    control_figures,
    load_pipeline,
    lora_figures,
    prompt_figures,
)

PROMPTS = 12


@pytest.fixture(scope="module")
def pipeline():
    return load_pipeline()


def test_held_out_prompts_are_drawn_right(pipeline):
    # Given prompts whose triples were never trained, When they are drawn in 12 steps
    samples = [world.sample(i, held_out=True, pair=False) for i in range(PROMPTS)]
    figures, _ = prompt_figures(pipeline, samples, Sampling(steps=12))
    # Then nearly all are right
    rates = figures["one_figure"]
    assert rates["background"] >= 90
    assert rates["color"] >= 90
    assert rates["shape"] >= 60


def test_the_same_seed_gives_the_same_picture(pipeline):
    first, second = (
        Sampling(steps=4).draw(pipeline, ["a red circle on a blue background"])[0] for _ in range(2)
    )
    assert np.array_equal(np.asarray(first), np.asarray(second))


def test_the_controlnet_puts_figures_on_the_edges(pipeline, monkeypatch):
    monkeypatch.setattr("gpu.pocket.evaluate.CONTROL_SCENES", 8)
    figures, _ = control_figures(pipeline, CONTROLNET, Sampling(steps=10))
    assert figures["with"]["iou"] > 0.6
    assert figures["with"]["iou"] > figures["without"]["iou"] + 0.1
    assert figures["scale_0_is_identical"]


def test_the_lora_makes_figures_hollow_and_leaves_no_trace(pipeline, monkeypatch):
    monkeypatch.setattr("gpu.pocket.evaluate.LORA_SCENES", 8)
    figures, _ = lora_figures(pipeline, LORA, Sampling(steps=10))
    assert figures["hollow_with"] >= 37, figures
    assert figures["hollow_without"] <= 25
    assert figures["unloaded_is_identical"]
