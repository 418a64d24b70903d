"""References laid into a mask."""

import numpy as np
import pytest
from PIL import Image

from gpu.masks import whole
from gpu.placing import Reference, ReferenceOutside, place
from tests.pictures import BLUE, CIRCLE, RED, WHITE, YELLOW, circle_and_square, mask_of, yellow_triangle

SOLID = Image.new("RGB", (20, 10), YELLOW)
AROUND_CIRCLE = (CIRCLE[0] - 4, CIRCLE[1] - 4, CIRCLE[2] + 4, CIRCLE[3] + 4)


def test_a_reference_takes_the_room_there_is_and_clears_what_was_there():
    base = circle_and_square()
    placed, (box,) = place(base, mask_of(AROUND_CIRCLE), [Reference(yellow_triangle())])
    assert box == (4, 36, 61, 93)
    assert placed.getpixel((32, 80)) == YELLOW
    assert not (np.asarray(placed)[:, :64] == RED).all(-1).any(), "the circle is gone"
    assert placed.getpixel((96, 64)) == BLUE
    assert np.abs(np.array(placed.getpixel((12, 44))) - WHITE).max() <= 4, "transparent around the triangle"


def test_nothing_outside_of_the_mask_changes():
    base, mask = circle_and_square(), mask_of((0, 0, 50, 127))
    placed, _ = place(base, mask, [Reference(SOLID, center=(0.4, 0.5), scale=0.5)])
    kept = np.asarray(mask) == 0
    assert np.array_equal(np.asarray(placed)[kept], np.asarray(base)[kept])
    assert placed.getpixel((45, 64)) == YELLOW


def test_a_position_and_a_scale_are_parts_of_the_base():
    _, (box,) = place(
        circle_and_square((200, 100)), whole((200, 100)), [Reference(SOLID, center=(0.25, 0.5), scale=0.1)]
    )
    assert box == (40, 45, 60, 55)


def test_several_references_lie_side_by_side():
    _, boxes = place(circle_and_square(), whole((128, 128)), [Reference(SOLID), Reference(SOLID)])
    assert boxes == ((0, 48, 64, 80), (64, 48, 128, 80))


def test_a_reference_away_from_the_mask_is_refused():
    with pytest.raises(ReferenceOutside, match="Reference image 2"):
        place(
            circle_and_square(),
            mask_of((0, 0, 40, 127)),
            [Reference(SOLID), Reference(SOLID, center=(0.9, 0.5), scale=0.1)],
        )
