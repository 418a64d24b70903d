"""The judge reads pictures of the shape world as a person would."""

import numpy as np
import pytest
from PIL import Image

from gpu.pocket import world
from gpu.pocket.evaluate import is_hollow
from gpu.pocket.judge import judge


@pytest.fixture(scope="module")
def samples() -> list[world.Sample]:
    return [world.sample(index, held_out=True, pair=False) for index in range(200)]


def test_the_judge_is_right_on_true_pictures(samples):
    # Given 200 rendered scenes, When the judge reads them
    readings = [judge(sample.image) for sample in samples]
    # Then it is wrong at most twice in any respect
    wanted = [(s.scene.background, s.scene.figures[0].color, s.scene.figures[0].shape) for s in samples]
    found = [(r.background, r.objects[0].color, r.objects[0].shape) for r in readings]
    assert sum(a == b for a, b in zip(wanted, found, strict=True)) >= 198


def test_the_judge_finds_the_figure_where_it_is(samples):
    for sample in samples[:50]:
        figure = sample.scene.figures[0]
        mask = np.asarray(world.figure_mask(figure)) > 127
        found = judge(sample.image)
        center = np.argwhere(mask).mean(0)[::-1]
        assert np.linalg.norm(center - found.objects[0].center) < 2
        assert (found.mask & mask).sum() / (found.mask | mask).sum() > 0.8


def test_the_judge_tells_two_figures_apart():
    sample = world.sample(3, pair=True)
    found = judge(sample.image).objects
    assert {(f.color, f.shape) for f in found} == {(f.color, f.shape) for f in sample.scene.figures}


def test_the_judge_reads_pictures_of_any_size(samples):
    larger = samples[0].image.resize((512, 512), Image.Resampling.BICUBIC)
    assert judge(larger).objects[0].shape == samples[0].scene.figures[0].shape


def test_an_empty_picture_has_no_figures():
    reading = judge(Image.new("RGB", (128, 128), world.COLORS["pink"]))
    assert reading.background == "pink"
    assert reading.objects == ()
    assert not reading.mask.any()


def test_hollow_figures_are_told_from_full_ones():
    scene = world.scene_at(5, pair=False)
    assert is_hollow(world.render(world.restyled(scene, outlined=True)))
    assert not is_hollow(world.render(scene))
