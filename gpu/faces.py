"""Faces in pictures: found, cut out with their surroundings, and laid back softly. Without torch.

The detector is OpenCV's Haar cascade for frontal faces; its weights come with `opencv-python-headless` 4.
"""

from dataclasses import asdict, dataclass
from functools import cache

import cv2
import numpy as np
from PIL import Image

CASCADE = "haarcascade_frontalface_alt2.xml"  # of the four that ship, the one without false alarms in tests
LOOKED_AT = 1024  # pixels on the longer side: larger pictures are scaled down to be searched
SMALLEST, SMALLEST_SHARE = 24, 1 / 24  # a face's side: in pixels, and of the picture's shorter side
NEIGHBOURS = 5  # hits around a place before it counts as a face
SURROUNDINGS = 1.8  # side of the crop, of the face's
CORE = 0.65  # of the ellipse: redrawn in full; from there it fades to nothing at its rim
NARROWER = 0.85  # width of the ellipse, of its height

Box = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Face:
    """Where a face is, in pixels of the picture."""

    left: int
    top: int
    width: int
    height: int

    def record(self) -> dict[str, int]:
        return asdict(self)


def find_faces(picture: Image.Image) -> list[Face]:
    """Every frontal face, from top to bottom."""
    scale = min(1.0, LOOKED_AT / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    grey = cv2.equalizeHist(np.asarray(picture.convert("L").resize(size, Image.Resampling.BOX)))
    least = max(SMALLEST, round(min(size) * SMALLEST_SHARE))
    found = _cascade().detectMultiScale(
        grey, scaleFactor=1.1, minNeighbors=NEIGHBOURS, minSize=(least, least)
    )
    boxes = sorted((tuple(map(int, box)) for box in found), key=lambda box: (box[1], box[0]))
    return [Face(*(round(value / scale) for value in box)) for box in boxes]


@cache
def _cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(cv2.data.haarcascades + CASCADE)


def crop_around(face: Face, size: tuple[int, int]) -> Box:
    """A square around the face, inside a picture of this size."""
    side = min(round(max(face.width, face.height) * SURROUNDINGS), *size)
    left, top = (
        min(max(round(start + length / 2 - side / 2), 0), limit - side)
        for start, length, limit in zip((face.left, face.top), (face.width, face.height), size, strict=True)
    )
    return left, top, left + side, top + side


def coverage(face: Face, box: Box) -> Image.Image:
    """How much of the redrawn crop shows: an ellipse around the face that fades within the crop."""
    side = box[2] - box[0]
    x = (np.arange(side) + 0.5 + box[0] - face.left - face.width / 2) / (side / 2 * NARROWER)
    y = (np.arange(side) + 0.5 + box[1] - face.top - face.height / 2) / (side / 2)
    inside = np.clip((1.0 - np.hypot(x[None, :], y[:, None])) / (1.0 - CORE), 0.0, 1.0)
    soft = inside * inside * (3.0 - 2.0 * inside)
    return Image.fromarray(np.rint(soft * 255).astype(np.uint8))


def lay_back(picture: Image.Image, face: Face, box: Box, drawn: Image.Image) -> None:
    """Change `picture` (RGB or RGBA) where the face is; every other pixel, and all transparency, stays."""
    new = drawn.convert("RGB").resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.LANCZOS)
    if picture.mode == "RGBA":
        new.putalpha(picture.crop(box).getchannel("A"))
    picture.paste(new, box, coverage(face, box))
