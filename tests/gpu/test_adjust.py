"""Each step against the documented formula, written down a second time."""

import math

import numpy as np
import pytest
from PIL import Image

from gpu.adjust import BAND, Adjustments, Crop, adjusted
from gpu.errors import InvalidRequest

RNG = np.random.default_rng(4)


def noise(height=37, width=53, channels=3) -> Image.Image:
    return Image.fromarray(RNG.integers(0, 256, (height, width, channels), np.uint8))


def levels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB")).astype(np.float64)


def rounded(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def is_rounded_from(image: Image.Image, values: np.ndarray) -> bool:
    """Whether every level is the nearest whole one; a sum in another order may settle a half otherwise."""
    return bool((np.abs(np.asarray(image) - np.clip(values, 0, 255)) <= 0.5 + 1e-9).all())


def luma(values: np.ndarray) -> np.ndarray:
    return (0.299 * values[..., 0] + 0.587 * values[..., 1] + 0.114 * values[..., 2])[..., None]


def softened(values: np.ndarray) -> np.ndarray:
    """The 3 × 3 kernel, pixel by pixel."""
    height, width, _ = values.shape
    result = np.zeros_like(values)
    for y in range(height):
        for x in range(width):
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    weight = 5 if dx == dy == 0 else 1
                    row, column = min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)
                    result[y, x] += weight * values[row, column] / 13
    return result


def stretched(values: np.ndarray) -> np.ndarray:
    result = values.copy()
    for channel in range(3):
        low, high = np.quantile(values[..., channel], 0.005), np.quantile(values[..., channel], 0.995)
        result[..., channel] = (values[..., channel] - low) * 255 / (high - low)
    return result


FORMULAS = {
    "brightness": (0.6, lambda v: v * 0.6),
    "contrast": (1.7, lambda v: 127.5 + (v - 127.5) * 1.7),
    "saturation": (0.25, lambda v: luma(v) + (v - luma(v)) * 0.25),
    "temperature": (-0.5, lambda v: v * np.array([0.875, 1, 1.125])),
    "sharpness": (2.5, lambda v: softened(v) + (v - softened(v)) * 2.5),
    "auto_levels": (True, stretched),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_step_equals_its_formula_in_every_pixel(name):
    image = Image.fromarray((np.asarray(noise()) // 2 + 40).astype(np.uint8))
    value, formula = FORMULAS[name]
    result = adjusted(image, Adjustments(**{name: value}))
    assert is_rounded_from(result, formula(levels(image)))
    assert result.tobytes() != image.tobytes()


def test_all_steps_together_run_in_the_documented_order_and_round_once():
    image = noise()
    wanted = Adjustments(Crop(3, 5, 40, 30), 90.0, True, 0.4, 1.2, 0.8, 1.5, 0.5)
    values = levels(image.crop((3, 5, 43, 35)))
    values = np.rot90(values, -1)  # clockwise
    for name in ("auto_levels", "temperature", "brightness", "contrast", "saturation", "sharpness"):
        value = getattr(wanted, name)
        if name == "auto_levels":
            values = stretched(values)
        elif name == "temperature":
            values = values * np.array([1 + value / 4, 1, 1 - value / 4])
        elif name == "brightness":
            values = values * value
        elif name == "contrast":
            values = 127.5 + (values - 127.5) * value
        elif name == "saturation":
            values = luma(values) + (values - luma(values)) * value
        else:
            values = softened(values) + (values - softened(values)) * value
        values = np.clip(values, 0, 255)
    assert is_rounded_from(adjusted(image, wanted), values)
    assert [step["step"] for step in wanted.steps()] == [
        "crop", "rotate", "auto_levels", "temperature", "brightness", "contrast", "saturation", "sharpness",
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_neutral_parameters_give_back_the_very_pixels(mode):
    image = noise(channels=4).convert(mode)
    result = adjusted(image, Adjustments(rotate=360.0))
    assert (result.mode, result.tobytes()) == (mode, image.tobytes())


def test_alpha_stays_as_it_is():
    image = noise(channels=4)
    result = adjusted(image, Adjustments(brightness=1.5, saturation=0.2, sharpness=3.0))
    assert result.mode == "RGBA"
    assert result.getchannel("A").tobytes() == image.getchannel("A").tobytes()


def test_grey_becomes_colour_only_where_levels_change():
    grey = noise().convert("L")
    assert adjusted(grey, Adjustments(rotate=90)).mode == "L"
    warm = np.asarray(adjusted(grey, Adjustments(temperature=1.0)))
    assert np.array_equal(warm[..., 0], rounded(np.asarray(grey) * 1.25))
    assert np.array_equal(warm[..., 1], np.asarray(grey))


@pytest.mark.parametrize(("degrees", "turns"), [(90, -1), (180, 2), (270, 1), (-90, 1), (-270, -1)])
def test_quarter_turns_move_pixels_and_compute_none(degrees, turns):
    image = noise(channels=4)
    result = np.asarray(adjusted(image, Adjustments(rotate=degrees)))
    assert np.array_equal(result, np.rot90(np.asarray(image), turns))


def test_another_angle_turns_a_slope_clockwise_and_leaves_corners_transparent():
    side, degrees = 80, 30
    ramp = np.tile(np.linspace(40, 200, side), (side, 1))
    image = Image.fromarray(np.repeat(rounded(ramp)[..., None], 3, axis=2))
    result = np.asarray(adjusted(image, Adjustments(rotate=degrees)))
    center = (result.shape[1] - 1) / 2, (result.shape[0] - 1) / 2
    angle = math.radians(degrees)
    for dx, dy in ((0, 0), (15, 4), (-20, 10), (7, -18), (-12, -12)):
        x, y = round(center[0] + dx), round(center[1] + dy)
        # back anticlockwise, to where in the source this pixel comes from; y grows downwards
        u = (x - center[0]) * math.cos(angle) + (y - center[1]) * math.sin(angle) + (side - 1) / 2
        assert abs(int(result[y, x, 0]) - (40 + 160 * u / (side - 1))) <= 3
    assert result[0, 0, 3] == 0 and result[round(center[1]), round(center[0]), 3] == 255


def test_a_picture_taller_than_a_band_has_no_seams():
    image = noise(height=2 * BAND + 7, width=5)
    wanted = Adjustments(sharpness=0.3)
    values = levels(image)
    whole = softened(values) + (values - softened(values)) * 0.3
    assert is_rounded_from(adjusted(image, wanted), whole)


def test_auto_levels_leave_flat_and_invisible_pictures_alone():
    flat = Image.new("RGB", (8, 8), (90, 90, 200))
    assert adjusted(flat, Adjustments(auto_levels=True)).tobytes() == flat.tobytes()
    invisible = Image.new("RGBA", (8, 8), (10, 20, 30, 0))
    assert adjusted(invisible, Adjustments(auto_levels=True)).tobytes() == invisible.tobytes()


@pytest.mark.parametrize("crop", [Crop(50, 0, 4, 4), Crop(0, 0, 54, 1), Crop(-1, 0, 4, 4), Crop(0, 0, 0, 4)])
def test_a_crop_outside_the_picture_is_refused(crop):
    with pytest.raises(InvalidRequest, match="53x37"):
        adjusted(noise(), Adjustments(crop=crop))
