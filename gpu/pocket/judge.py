"""Reads background, colours and shapes off a picture of the shape world, with NumPy and OpenCV alone."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from PIL import Image

from gpu.pocket import world

BORDER = 5
FOREGROUND_DISTANCE = 45.0
MIN_AREA = 40
MAX_FIGURES = 4
TEMPLATE_SIZE = 48
TEMPLATE_TURNS = (-14, -8, -4, 0, 4, 8, 14)
OPENING = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Found:
    """One figure on a picture: colour and shape by name, centre (x, y) in px, area in px of 128 x 128.

    `likeness` is the IoU (0..1) of its outline with the named shape's.
    """

    color: str
    shape: str
    center: tuple[float, float]
    area: int
    likeness: float


@dataclass(frozen=True)
class Reading:
    """What is on a picture: the background's name, the figures (largest first) and where they are.

    `mask` is a bool array (128, 128), True on every figure.
    """

    background: str
    objects: tuple[Found, ...]
    mask: np.ndarray


def judge(image: Image.Image) -> Reading:
    """Read a picture. Any size is shrunk to 128 x 128 first."""
    pixels = _pixels(image)
    rows = _row_backgrounds(pixels)
    background = color_name(np.median(rows[:24], 0))  # a gradient is purest at the top
    distance = np.linalg.norm(pixels - rows[:, None], axis=2)
    mask = (distance > FOREGROUND_DISTANCE).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, OPENING)
    return Reading(background, _figures(pixels, mask), mask > 0)


def color_name(rgb: np.ndarray) -> str:
    """The palette colour nearest in CIELAB."""
    distances = np.linalg.norm(_palette() - _lab(rgb[None]), axis=1)
    return world.COLOR_NAMES[int(distances.argmin())]


def _pixels(image: Image.Image) -> np.ndarray:
    pixels = np.asarray(image.convert("RGB"), np.float32)
    if pixels.shape[:2] != (world.SIZE, world.SIZE):
        pixels = cv2.resize(pixels, (world.SIZE, world.SIZE), interpolation=cv2.INTER_AREA)
    return pixels


def _row_backgrounds(pixels: np.ndarray) -> np.ndarray:
    """The background's colour in every row, (128, 3), from the border that no figure touches."""
    borders = (np.median(pixels[:, :BORDER], 1), np.median(pixels[:, -BORDER:], 1))
    smoother = min(borders, key=lambda border: float(np.abs(np.diff(border, axis=0)).sum()))
    return cv2.blur(smoother[:, None], (1, 9))[:, 0]


def _figures(pixels: np.ndarray, mask: np.ndarray) -> tuple[Found, ...]:
    count, labels, stats, centers = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    parts = [part for part in range(1, count) if areas[part] >= MIN_AREA]
    parts.sort(key=lambda part: -areas[part])
    return tuple(
        _found(pixels, labels == part, tuple(map(float, centers[part]))) for part in parts[:MAX_FIGURES]
    )


def _found(pixels: np.ndarray, part: np.ndarray, center: tuple[float, float]) -> Found:
    inside = cv2.erode(part.astype(np.uint8), OPENING) > 0
    color = np.median(pixels[inside if inside.sum() > 15 else part], 0)
    likeness, shape = likeliest_shape(part)
    return Found(color_name(color), shape, center, int(part.sum()), likeness)


def likeliest_shape(part: np.ndarray) -> tuple[float, str]:
    """How like (0..1) the bool array's outline is to which shape."""
    names, templates = _templates()
    outline = _normalised(part).ravel()
    common = (templates & outline).sum(1)
    likeness = common / np.maximum(1, (templates | outline).sum(1))
    best = int(likeness.argmax())
    return float(likeness[best]), names[best]


def _normalised(part: np.ndarray) -> np.ndarray:
    """A figure cut out and scaled to 48 x 48, its sides kept in proportion."""
    ys, xs = np.nonzero(part)
    cut = part[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].astype(np.uint8) * 255
    height, width = cut.shape
    side = max(height, width)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = cut
    size = (TEMPLATE_SIZE, TEMPLATE_SIZE)
    return cv2.resize(square, size, interpolation=cv2.INTER_AREA) > 127


@cache
def _templates() -> tuple[tuple[str, ...], np.ndarray]:
    """Every shape at several turns: names and (templates, 2304) bool."""
    names, masks = [], []
    for shape in world.SHAPES:
        for turn in TEMPLATE_TURNS:
            figure = world.Figure("", shape, (0, 0, 0), (64, 64), 40, np.radians(turn))
            names.append(shape)
            masks.append(_normalised(np.asarray(world.figure_mask(figure)) > 127).ravel())
    return tuple(names), np.stack(masks)


@cache
def _palette() -> np.ndarray:
    return _lab(np.array(list(world.COLORS.values()), np.float32))


def _lab(rgb: np.ndarray) -> np.ndarray:
    """(n, 3) RGB in 0..255 to CIELAB."""
    scaled = np.asarray(rgb, np.float32).reshape(1, -1, 3) / 255
    return cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB)[0]
