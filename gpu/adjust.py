"""Classic picture adjustments, exact and documented: Pillow moves pixels, NumPy computes levels. No torch.

Steps run in this fixed order, and a step whose parameter is neutral is skipped, so neutral parameters give
back the very pixels. Levels are R, G and B as float64 from 0 to 255; after every tonal step they are clipped
to that range, and they are rounded to whole levels (half to even) once, at the end. Alpha is never adjusted.

1. crop         the rectangle (left, top, width, height), in whole pixels of the source
2. rotate       degrees clockwise. Multiples of 90 move pixels and compute none; other angles are bicubic on a
                canvas that grows to hold the picture, with transparent corners
3. auto_levels  for each channel, (v - low) * 255 / (high - low): low and high are the 0.5th and 99.5th
                percentile, linearly interpolated, of the pixels that are not fully transparent; a channel
                with high <= low stays
4. temperature  R * (1 + t/4), B * (1 - t/4)
5. brightness   v * b
6. contrast     127.5 + (v - 127.5) * c
7. saturation   Y + (v - Y) * s, with Y = 0.299 R + 0.587 G + 0.114 B
8. sharpness    S + (v - S) * f: S is v under the kernel [1 1 1; 1 5 1; 1 1 1] / 13, the edge repeated around

The same source and parameters give the same bytes, so a record of both repeats the adjustment.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gpu.errors import InvalidRequest

MAX_FACTOR = 4.0  # of brightness, contrast, saturation and sharpness
MAX_TEMPERATURE = 1.0
MAX_DEGREES = 360.0
BAND = 256  # rows at once: float64 takes 24 bytes a pixel
TAILS = (0.5, 99.5)  # percent
LUMA = np.array([0.299, 0.587, 0.114])
ORDER = (
    "crop", "rotate", "auto_levels", "temperature", "brightness", "contrast", "saturation", "sharpness",
)  # fmt: skip
QUARTERS = {
    90.0: Image.Transpose.ROTATE_270,  # Pillow counts anticlockwise
    180.0: Image.Transpose.ROTATE_180,
    270.0: Image.Transpose.ROTATE_90,
}
Levels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle in whole pixels."""

    left: int
    top: int
    width: int
    height: int

    def fits(self, width: int, height: int) -> bool:
        """Whether it lies inside a picture of this size."""
        return (
            min(self.left, self.top) >= 0
            and min(self.width, self.height) >= 1
            and self.left + self.width <= width
            and self.top + self.height <= height
        )


@dataclass(frozen=True, slots=True)
class Adjustments:
    """What to do; every default changes nothing."""

    crop: Crop | None = None
    rotate: float = 0.0
    auto_levels: bool = False
    temperature: float = 0.0
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    sharpness: float = 1.0

    def steps(self) -> list[dict[str, Any]]:
        """Every step with its parameter, neutral ones too, in the order in which they run."""
        values = asdict(self)
        return [{"step": name, "value": values[name]} for name in ORDER]

    def is_tonal(self) -> bool:
        """Whether any level changes."""
        return any(getattr(self, name) != getattr(NEUTRAL, name) for name in ORDER[2:])


NEUTRAL = Adjustments()


def adjusted(image: Image.Image, wanted: Adjustments) -> Image.Image:
    """The adjusted picture: grey, RGB or RGBA as it was, grey made RGB where levels change.

    Raises `InvalidRequest` when the crop does not lie inside the picture.
    """
    image = _rotated(_cropped(image, wanted.crop), wanted.rotate % 360)
    return _toned(image, wanted) if wanted.is_tonal() else image


def _cropped(image: Image.Image, crop: Crop | None) -> Image.Image:
    if crop is None:
        return image
    if not crop.fits(*image.size):
        width, height = image.size
        raise InvalidRequest(f"The crop leaves the picture, which is {width}x{height}; use a smaller one.")
    return image.crop((crop.left, crop.top, crop.left + crop.width, crop.top + crop.height))


def _rotated(image: Image.Image, degrees: float) -> Image.Image:
    if degrees == 0:
        return image
    if degrees in QUARTERS:
        return image.transpose(QUARTERS[degrees])
    return image.convert("RGBA").rotate(-degrees, Image.Resampling.BICUBIC, expand=True)


def _toned(image: Image.Image, wanted: Adjustments) -> Image.Image:
    colored = image if image.mode in ("RGB", "RGBA") else image.convert("RGB")
    pixels = np.asarray(colored)
    tones = _tones(wanted, pixels)
    result = pixels.copy()
    for top in range(0, len(pixels), BAND):
        bottom = min(top + BAND, len(pixels))
        rows = np.arange(top - 1, bottom + 1).clip(
            0, len(pixels) - 1
        )  # one more on each side, for the kernel
        levels = pixels[rows, :, :3].astype(np.float64)
        for tone in tones:
            levels = tone(levels).clip(0, 255)
        sharp = _sharpened(levels, wanted.sharpness).clip(0, 255)
        result[top:bottom, :, :3] = np.rint(sharp)
    return Image.fromarray(result)


def _tones(wanted: Adjustments, pixels: NDArray[np.uint8]) -> list[Callable[[Levels], Levels]]:
    """The steps that look at one pixel at a time, without those that change nothing."""
    tones: list[Callable[[Levels], Levels]] = []
    if wanted.auto_levels:
        low, scale = _stretch(pixels)
        tones.append(lambda levels: (levels - low) * scale)
    if wanted.temperature:
        tint = np.array([1 + wanted.temperature / 4, 1.0, 1 - wanted.temperature / 4])
        tones.append(lambda levels: levels * tint)
    if wanted.brightness != 1:
        tones.append(lambda levels: levels * wanted.brightness)
    if wanted.contrast != 1:
        tones.append(lambda levels: 127.5 + (levels - 127.5) * wanted.contrast)
    if wanted.saturation != 1:
        tones.append(lambda levels: _saturated(levels, wanted.saturation))
    return tones


def _stretch(pixels: NDArray[np.uint8]) -> tuple[Levels, Levels]:
    """What to subtract from each channel, and what to multiply it by then."""
    visible = pixels[pixels[..., 3] > 0] if pixels.shape[2] == 4 else pixels.reshape(-1, 3)
    if not len(visible):
        return np.zeros(3), np.ones(3)
    low, high = np.percentile(visible[:, :3], TAILS, axis=0)
    flat = high <= low
    return np.where(flat, 0.0, low), 255 / np.where(flat, 255.0, high - low)


def _saturated(levels: Levels, factor: float) -> Levels:
    luma = (levels @ LUMA)[..., None]
    return luma + (levels - luma) * factor


def _sharpened(levels: Levels, factor: float) -> Levels:
    """The rows between the first and the last one, sharpened or softened."""
    middle = levels[1:-1]
    if factor == 1:
        return middle
    wide = np.pad(levels, ((0, 0), (1, 1), (0, 0)), mode="edge")
    around = sum(
        wide[down : down + len(middle), right : right + levels.shape[1]]
        for down in range(3)
        for right in range(3)
    )
    soft = (around + 4 * middle) / 13
    return soft + (middle - soft) * factor
