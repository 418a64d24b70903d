import numpy as np
import pytest
from PIL import Image

from gpu.tiles import Blend, Tile, enlarged, grid, toned

SIZES = [(128, 128), (129, 300), (256, 256), (512, 333), (40, 200), (1, 1)]


@pytest.fixture
def noise():
    """A picture with detail everywhere."""

    def make(width, height):
        values = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), np.uint8)
        return Image.fromarray(values)

    return make


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("overlap", [1, 16, 42])
def test_weights_of_all_tiles_add_up_to_one_everywhere(size, overlap):
    layout = grid(*size, tile=128, overlap=overlap)
    for axis, length in ((layout.columns, size[0]), (layout.rows, size[1])):
        total = np.zeros(max(length, 128))
        for index, start in enumerate(axis.starts):
            weights = axis.weights(index)
            assert weights.min() >= 0
            total[start : start + 128] += weights
        assert np.allclose(total, 1, atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_tiles_that_nobody_changed_make_the_picture_again(noise, size):
    picture = noise(*size)
    layout = grid(*size, tile=128, overlap=16)
    blend = Blend(layout)
    for tile in layout:
        blend.add(tile, enlarged(picture, 1, tile))
    assert np.array_equal(np.asarray(blend.finished()), np.asarray(picture))


@pytest.mark.parametrize("scale", [2, 4])
def test_an_enlarged_tile_is_that_part_of_the_enlarged_picture(noise, scale):
    picture = noise(90, 70)
    size = (90 * scale, 70 * scale)
    whole = np.asarray(picture.resize(size, Image.Resampling.LANCZOS)).astype(int)
    for tile in grid(*size, tile=64, overlap=8):
        part = np.asarray(enlarged(picture, scale, tile)).astype(int)
        place = whole[tile.top : tile.top + 64, tile.left : tile.left + 64]
        assert np.abs(part - place).max() <= 1


def test_a_picture_smaller_than_a_tile_is_mirrored_into_it():
    picture = Image.new("RGB", (10, 10), (200, 10, 10))
    assert enlarged(picture, 2, Tile(0, 0, 0, 0, 64)).getcolors() == [(64 * 64, (200, 10, 10))]


def test_two_tiles_of_different_brightness_meet_in_a_ramp_and_not_in_a_step():
    layout = grid(240, 128, tile=128, overlap=16)
    blend = Blend(layout)
    for tile, level in zip(layout, (100, 132), strict=True):
        blend.add(tile, Image.new("RGB", (128, 128), (level,) * 3))
    row = np.asarray(blend.finished())[64, :, 0].astype(int)
    assert (row[0], row[-1]) == (100, 132)
    assert np.diff(row).min() >= 0 and np.diff(row).max() <= 2


def test_one_row_of_tiles_is_held_however_tall_the_picture_is():
    short, tall = (Blend(grid(128, height, tile=128, overlap=16)) for height in (256, 4096))
    assert short._strip.nbytes == tall._strip.nbytes


def test_a_drawn_tile_keeps_the_tones_of_the_original(noise):
    original = Image.new("RGB", (128, 128), (90, 120, 150))
    drifted = np.clip(np.asarray(noise(128, 128)).astype(int) // 16 + (130, 90, 140), 0, 255)
    kept = np.asarray(toned(Image.fromarray(drifted.astype(np.uint8)), original)).astype(float)
    assert np.abs(kept.mean((0, 1)) - (90, 120, 150)).max() < 1
    assert np.abs(kept.std((0, 1)) - drifted.std((0, 1))).max() < 0.5, "detail stays"


@pytest.mark.parametrize("overlap", [0, 43])
def test_an_overlap_that_tiles_cannot_have_is_refused(overlap):
    with pytest.raises(ValueError, match="use 1 to 42"):
        grid(256, 256, tile=128, overlap=overlap)
