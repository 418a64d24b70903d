"""Subjects told from their backgrounds, in the shape world and in photographs."""

from contextlib import suppress

import numpy as np
import pytest
from PIL import Image
from skimage import data

from gpu.foreground import NoForeground, foreground, plain_foreground
from gpu.masks import feathered
from gpu.pocket import world
from tests.pictures import CIRCLE, SQUARE, circle_and_square, yellow_triangle


def marked(picture: Image.Image) -> np.ndarray:
    return np.asarray(foreground(picture)) > 0


@pytest.mark.parametrize("index", range(8))
def test_shapes_on_plain_and_graded_backgrounds_stand_out(index):
    scene = world.scene_at(index)
    truth = np.zeros((128, 128), bool)
    for figure in scene.figures:
        truth |= np.asarray(world.figure_mask(figure)) > 127
    found = marked(world.render(scene))
    assert (found & truth).sum() / (found | truth).sum() > 0.98
    assert not (found & ~truth).any(), "a rim of the old background would shine around the subject"


def test_a_picture_of_any_size_keeps_it():
    found = marked(circle_and_square((131, 117)))
    assert found.shape == (117, 131)
    assert found[64, 32] and found[64, 96] and not found[10, 10]


def test_transparency_says_itself_what_the_subject_is():
    found = marked(yellow_triangle())
    assert found[40, 24] and not found[2, 2]


def test_a_cup_in_a_photograph_is_found():
    found = marked(Image.fromarray(data.coffee()))  # 600 × 400: a red cup on a dark table
    assert found[150:250, 250:400].mean() > 0.95, "the cup"
    assert found[:, :60].mean() < 0.05 and found[:, 520:].mean() < 0.05, "the table"


def test_a_person_in_a_photograph_is_found():
    found = marked(Image.fromarray(data.astronaut()))  # 512 × 512
    assert found[80:180, 190:260].mean() > 0.95, "her face"
    assert found[:60, :100].mean() < 0.05, "the flag behind her"
    assert found[385:430, 150:195].all(), "the badge on her breast, of the colours of that flag"


def test_the_same_photograph_has_the_same_subject_every_time():
    photograph = Image.fromarray(data.coffee())
    assert np.array_equal(marked(photograph), marked(photograph))


def test_an_empty_picture_has_no_subject():
    with pytest.raises(NoForeground, match="stands out"):
        foreground(Image.new("RGB", (64, 64), (10, 20, 30)))


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (9, 2), (40, 3)])
def test_tiny_pictures_are_no_error_of_ours(size):
    noise = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    with suppress(NoForeground):
        assert foreground(Image.fromarray(noise)).size == size[::-1]


def test_one_plain_edge_does_not_make_a_photograph_plain():
    photograph = np.asarray(Image.fromarray(data.coffee())).copy()
    photograph[:, :8] = 20
    assert np.asarray(foreground(Image.fromarray(photograph)))[150:250, 250:400].mean() > 0.95 * 255
    assert plain_foreground(Image.fromarray(photograph)) is None


def test_a_feather_stays_inside_and_leaves_the_depths_whole():
    subject = foreground(circle_and_square())
    soft = np.asarray(feathered(subject, 4))
    assert (soft[np.asarray(subject) == 0] == 0).all()
    left, top, right, bottom = SQUARE
    assert (soft[top + 5 : bottom - 4, left + 5 : right - 4] == 255).all()
    assert 0 < soft[64, left] < 255
    assert soft[64, (CIRCLE[0] + CIRCLE[2]) // 2] == 255
