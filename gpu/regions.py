"""Where in a picture something is, from words: one small interface."""

import re
from typing import Protocol

import cv2
import numpy as np
from PIL import Image

from gpu.errors import Decision, GpuError
from gpu.foreground import plain_foreground
from gpu.masks import Mask, from_array, grown
from gpu.pocket.judge import color_name, likeliest_shape
from gpu.pocket.world import COLOR_NAMES, SHAPES

BACKGROUND = "background"
SMALLEST = 0.002  # of the picture; a smaller piece is noise
RIM = 1 / 32  # of the shorter side: taken along, so that no rim of the old thing stays around the new one
INSIDE = np.ones((3, 3), np.uint8)


class RegionNotFound(GpuError):
    """The words name nothing that is in the picture."""

    code = "region_not_found"
    decision = Decision.CALLER


class RegionFinder(Protocol):
    """Finds the part of a picture that a text names."""

    def find(self, picture: Image.Image, text: str) -> Mask:
        """White on the part, and a little around it. Raises: RegionNotFound."""
        ...


class ShapeFinder:
    """Knows coloured shapes on a plain background, as the pocket models draw them, and nothing else.

    "the red circle" is every red circle, "the circles" every circle, "the background" all but the shapes.
    """

    def find(self, picture: Image.Image, text: str) -> Mask:
        words = _singular(text)
        colors, shapes = words & set(COLOR_NAMES), words & set(SHAPES)
        figures = plain_foreground(picture)
        if figures is None:
            raise RegionNotFound("This finder knows shapes on a plain background only; send a mask instead.")
        rim = 1 + max(2, round(min(picture.size) * RIM))  # 1: what is mostly background is not in the outline
        if BACKGROUND in words:
            around = np.asarray(grown(from_array(figures), 1)) == 0
            return from_array(around)
        if not colors | shapes:
            known = ", ".join((*COLOR_NAMES, *SHAPES, BACKGROUND))
            raise RegionNotFound(f"The region “{text}” names no colour and no shape; the words are: {known}.")
        found = _matching(np.asarray(picture.convert("RGB"), np.float32), figures, colors, shapes)
        if not found.any():
            raise RegionNotFound(f"There is no “{text}” in the picture; name what is there, or send a mask.")
        return grown(from_array(found), rim)


def _singular(text: str) -> set[str]:
    words = set(re.findall(r"[a-z]+", text.lower()))
    return words | {word.removesuffix("s") for word in words} | {word.removesuffix("es") for word in words}


def _matching(pixels: np.ndarray, figures: np.ndarray, colors: set[str], shapes: set[str]) -> np.ndarray:
    """Bool, true on every figure of one of the colours and one of the shapes; an empty set is any."""
    found = np.zeros_like(figures)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(figures.astype(np.uint8), connectivity=8)
    for piece in range(1, count):
        if stats[piece, cv2.CC_STAT_AREA] < SMALLEST * figures.size:
            continue
        part = pieces == piece
        if shapes and likeliest_shape(part)[1] not in shapes:
            continue
        inside = cv2.erode(part.astype(np.uint8), INSIDE) > 0
        if not colors or color_name(np.median(pixels[inside if inside.any() else part], 0)) in colors:
            found |= part
    return found
