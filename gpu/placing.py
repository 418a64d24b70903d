"""Reference pictures laid into the part of a picture that is about to be drawn anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from PIL import Image

from gpu.errors import Decision, GpuError
from gpu.masks import Mask, plain

FILL_RADIUS = 3.0  # pixels around each that a filled pixel is made of
Box = tuple[int, int, int, int]  # left, top, right, bottom


class ReferenceOutside(GpuError):
    """A reference was placed where nothing is drawn anew."""

    code = "reference_outside"
    decision = Decision.CALLER


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture to place; its transparency is kept.

    `center` is (x, y) in parts of the base picture, `scale` the reference's width in parts of the base's;
    what is not said follows from the room there is inside the mask.
    """

    image: Image.Image
    center: tuple[float, float] | None = None
    scale: float | None = None


def place(
    base: Image.Image, mask: Mask, references: Sequence[Reference]
) -> tuple[Image.Image, tuple[Box, ...]]:
    """The base picture (RGB) with the references inside the mask, and where each of them lies.

    What the mask marks is cleared first (filled from its rim): nothing of the old shows between the new.
    Raises: ReferenceOutside.
    """
    laid = _cleared(base, mask)
    boxes = []
    cells = _cells(mask.getbbox() or (0, 0, *base.size), len(references))
    for number, (reference, cell) in enumerate(zip(references, cells, strict=True), start=1):
        box = _box(reference, cell, base.size)
        if mask.crop(box).getbbox() is None:
            raise ReferenceOutside(
                f"Reference image {number} lies outside of what is drawn anew; give another x and y, or a"
                " mask that covers it."
            )
        picture = plain(reference.image).resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.LANCZOS)
        laid.paste(picture, box[:2], picture if picture.mode == "RGBA" else None)
        boxes.append(box)
    return Image.composite(laid, base, mask), tuple(boxes)


def _cleared(base: Image.Image, mask: Mask) -> Image.Image:
    if mask.getextrema()[0] == 255:  # everything: there is no rim to fill from, so the base stays underneath
        return base.copy()
    return Image.fromarray(cv2.inpaint(np.asarray(base), np.asarray(mask), FILL_RADIUS, cv2.INPAINT_TELEA))


def _cells(box: Box, count: int) -> list[Box]:
    """The box in equal parts along its longer side."""
    left, top, right, bottom = box
    if right - left >= bottom - top:
        edges = np.linspace(left, right, count + 1).round().astype(int).tolist()
        return [(start, top, end, bottom) for start, end in pairwise(edges)]
    edges = np.linspace(top, bottom, count + 1).round().astype(int).tolist()
    return [(left, start, right, end) for start, end in pairwise(edges)]


def _box(reference: Reference, cell: Box, size: tuple[int, int]) -> Box:
    """As asked for, or as large as its cell holds and in the middle of it; proportions are kept."""
    width, height = reference.image.size
    room = min((cell[2] - cell[0]) / width, (cell[3] - cell[1]) / height)
    zoom = room if reference.scale is None else reference.scale * size[0] / width
    wide, high = max(1, round(width * zoom)), max(1, round(height * zoom))
    x, y = ((cell[0] + cell[2]) / 2, (cell[1] + cell[3]) / 2)
    if reference.center is not None:
        x, y = reference.center[0] * size[0], reference.center[1] * size[1]
    left, top = round(x - wide / 2), round(y - high / 2)
    return (left, top, left + wide, top + high)
