"""The pocket models by name, and what a test asks of a picture."""

from pathlib import Path

import numpy as np

from gpu.pocket import world
from gpu.requests import ModelSource

POCKET = Path(__file__).resolve().parents[2] / "gpu" / "pocket"
CHECKPOINT = ModelSource(str(POCKET / "pocket-sdxl"))
CONTROLNET = ModelSource(str(POCKET / "pocket-controlnet-canny"))
LORA = str(POCKET / "pocket-lora-outline" / "pytorch_lora_weights.safetensors")
RED_ON_BLUE = "a red circle on a blue background"
STEPS = 6


def pixels(image):
    return np.asarray(image.convert("RGB")).astype(int)


def mean_color(image, box):
    """Mean (red, green, blue) inside (left, top, right, bottom)."""
    return pixels(image.crop(box)).reshape(-1, 3).mean(0)


def red_mask(image):
    red, green, blue = np.moveaxis(pixels(image), -1, 0)
    return (red > 150) & (green < 110) & (blue < 110)


def center_of(mask):
    """(x, y) of the middle of what is true."""
    ys, xs = np.nonzero(mask)
    return xs.mean(), ys.mean()


def same(first, second):
    return np.array_equal(pixels(first), pixels(second))


def drawn(color, shape, background):
    """The true picture of one figure."""
    figure = world.Figure(color, shape, world.COLORS[color], (64, 64), 40, 0.0)
    return world.render(world.Scene(background, world.COLORS[background], False, (figure,)))
