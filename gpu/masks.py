"""Masks: which part of a picture is drawn anew. White is, black stays; always the size of its picture."""

import hashlib

import cv2
import numpy as np
from PIL import Image

THRESHOLD = 128  # of 255: half and more is white

Mask = Image.Image  # mode L, 0 and 255 only


def binary(picture: Image.Image) -> Mask:
    """A picture of a mask as a mask."""
    return picture.convert("L").point(lambda level: 255 if level >= THRESHOLD else 0)


def from_array(marked: np.ndarray) -> Mask:
    """A mask that is white where the bool array (height, width) is true."""
    return Image.fromarray(marked.astype(np.uint8) * 255)


def whole(size: tuple[int, int]) -> Mask:
    """A mask of everything."""
    return Image.new("L", size, 255)


def is_empty(mask: Mask) -> bool:
    return mask.getbbox() is None


def digest(mask: Mask) -> str:
    """SHA-256 of its size and pixels: the same for the same mask however it was stored."""
    return hashlib.sha256(repr(mask.size).encode() + mask.tobytes()).hexdigest()


def grown(mask: Mask, pixels: int) -> Mask:
    """The mask with a rim of so many pixels around it."""
    round_brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return Image.fromarray(cv2.dilate(np.asarray(mask), round_brush))


def feathered(mask: Mask, pixels: int) -> Image.Image:
    """Coverage that rises over so many pixels inside the mask, and is full further in; 0 leaves it hard."""
    if pixels == 0:
        return mask
    framed = np.pad(np.asarray(mask), 1, mode="edge")  # the frame of a picture is no edge of its subject
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return Image.fromarray((np.clip(depth / (pixels + 1), 0, 1) * 255).round().astype(np.uint8))


def plain(picture: Image.Image) -> Image.Image:
    """The picture as RGB, or as RGBA if it has transparency."""
    return picture.convert("RGBA" if "A" in picture.getbands() else "RGB")


def merged(base: Image.Image, drawn: Image.Image, coverage: Image.Image) -> Image.Image:
    """`base`, bit for bit, with `drawn` where the coverage is white."""
    return Image.composite(drawn.convert(base.mode), base, coverage)


def padded(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture at the top left of a larger one, its last row and column repeated."""
    right, bottom = size[0] - picture.width, size[1] - picture.height
    sides = ((0, bottom), (0, right), *([(0, 0)] if len(picture.getbands()) > 1 else []))
    return Image.fromarray(np.pad(np.asarray(picture), sides, mode="edge"))
