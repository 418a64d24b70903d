"""Regions of the shape world, found by their words."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from gpu.masks import from_array, grown
from gpu.regions import RegionNotFound, ShapeFinder
from tests.pictures import circle_and_square


def found(text: str, size: tuple[int, int] = (128, 128)) -> np.ndarray:
    return np.asarray(ShapeFinder().find(circle_and_square(size), text)) > 0


@pytest.mark.parametrize(
    ("text", "circle", "square", "elsewhere"),
    [
        ("the red circle", True, False, False),
        ("Circles!", True, False, False),
        ("the blue one", False, True, False),
        ("the red circle and the blue square", True, True, False),
        ("the background", False, False, True),
    ],
)
def test_words_mark_what_they_name(text, circle, square, elsewhere):
    region = found(text)
    assert (region[64, 32], region[64, 96], region[10, 10]) == (circle, square, elsewhere)


def test_the_rim_of_a_shape_belongs_to_it():
    region, picture = found("the red circle"), np.asarray(circle_and_square()).astype(int)
    reddish = (picture[..., 0] > picture[..., 1] + 10) & (np.arange(128) < 64)
    around = np.asarray(grown(from_array(reddish), 5)) > 0
    assert region[around].all(), "a little more is drawn anew than shows any of the old colour"


def test_a_picture_need_not_be_square():
    assert found("the red circle", (200, 120)).shape == (120, 200)
    assert found("the red circle", (200, 120))[64, 32]


def test_a_shape_of_the_named_colour_only():
    with pytest.raises(RegionNotFound, match="blue circle"):
        found("the blue circle")


def test_unknown_words_are_answered_with_the_known():
    with pytest.raises(RegionNotFound, match="red, green"):
        found("the hat")


def test_a_photograph_is_not_of_the_shape_world():
    with pytest.raises(RegionNotFound, match="send a mask"):
        ShapeFinder().find(Image.fromarray(data.coffee()), "the red circle")
