"""Control pictures for the pocket ControlNet."""

import cv2
import numpy as np
from PIL import Image

THRESHOLDS = (60, 120)


def canny_edges(picture: Image.Image) -> np.ndarray:
    """The edges of a picture: uint8 (height, width), 0 or 255."""
    return cv2.Canny(np.asarray(picture), *THRESHOLDS)


def control_picture(picture: Image.Image) -> Image.Image:
    """The edges as the RGB picture that the ControlNet pipeline takes."""
    return Image.fromarray(canny_edges(picture)).convert("RGB")
