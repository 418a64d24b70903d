"""Control images from pictures, on the CPU, without torch."""

from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

from gpu.requests import Control, Preprocessor

CANNY_LOW, CANNY_HIGH = 60, 120  # gradient thresholds, those the pocket ControlNet was trained with


def canny(image: Image.Image) -> Image.Image:
    """White edges on black; takes and gives RGB of the same size."""
    edges = cv2.Canny(np.asarray(image), CANNY_LOW, CANNY_HIGH)
    return Image.fromarray(edges).convert("RGB")


PREPROCESSORS: dict[Preprocessor, Callable[[Image.Image], Image.Image]] = {Preprocessor.CANNY: canny}


def control_image(control: Control, size: tuple[int, int]) -> Image.Image:
    """The picture a ControlNet reads: RGB, scaled to (width, height), then preprocessed."""
    image = control.image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    if control.preprocessor is None:
        return image
    return PREPROCESSORS[Preprocessor(control.preprocessor)](image)
