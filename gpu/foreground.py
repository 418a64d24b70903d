"""What stands out in a picture: its subject, told from the background without a model.

A picture with transparency says it itself. On a plain background (one colour, or a gradient from top to
bottom) everything of another colour stands out. Any other picture goes to GrabCut (Rother and others, 2004,
as OpenCV has it), which starts from the assumption that the subject is in the middle and the frame at the top
and the sides is background: good for products and portraits, poor for scenes.
"""

import cv2
import numpy as np
from PIL import Image

from gpu.errors import Decision, GpuError
from gpu.masks import THRESHOLD, Mask, from_array

BORDER = 5  # pixels at the left and right edges that tell a plain background
PLAIN_SPREAD = 6.0  # levels; a JPEG of a plain wall stays below, a photograph of anything is far above
STEEPEST = 4.0  # levels from row to row, in a gradient
MOST_OF_FRAME = 1 / 3  # of the top and sides may belong to a subject on a plain background
DISTANCE = 45.0  # in RGB, from the background
RIM = 2  # pixels inside the outline that may be a mixture of subject and background
FRAME = 0.03  # of the shorter side
WORKING_SIDE = 320  # pixels: GrabCut takes a second here and a minute at 2048
ITERATIONS = 5
SMALLEST, LARGEST = 0.002, 0.995  # of the picture; anything else is no subject
SPECK = 0.05  # of the largest piece; smaller pieces are noise in the estimate
HOLE = 0.01  # of the subject; so are smaller holes in it
OPENING = np.ones((3, 3), np.uint8)
AROUND = np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)


class NoForeground(GpuError):
    """Nothing stands out in the picture."""

    code = "no_foreground"
    decision = Decision.CALLER


def foreground(picture: Image.Image) -> Mask:
    """White on the subject. Raises: NoForeground."""
    found = _by_alpha(picture)
    if found is None:
        found = plain_foreground(picture)
    if found is None:
        found = _by_grabcut(picture)
    if not SMALLEST <= found.mean() <= LARGEST:
        raise NoForeground(
            "Nothing stands out from the background; send a picture with one clear subject, or one that is"
            " transparent around it."
        )
    return from_array(found)


def plain_foreground(picture: Image.Image) -> np.ndarray | None:
    """Bool (height, width), true on what differs from a plain background; None where it is not plain."""
    pixels = np.asarray(picture.convert("RGB"), np.float32)
    rows = _row_backgrounds(pixels)
    if rows is None:
        return None
    distance = np.linalg.norm(pixels - rows[:, None], axis=2)
    differs = distance > DISTANCE
    frame = np.concatenate([differs[0], differs[:, 0], differs[:, -1]])
    if frame.mean() > MOST_OF_FRAME:  # one edge of a photograph may well be plain
        return None
    opened = cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_OPEN, OPENING)
    return _without_halo(opened, distance)


def _without_halo(subject: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Of the rim only what is more subject than background: the rest would shine around it anywhere else."""
    depths = cv2.erode(subject, OPENING, iterations=RIM) > 0
    mostly_subject = 2 * distance >= cv2.dilate(distance, AROUND)
    return (subject > 0) & (depths | mostly_subject)


def _row_backgrounds(pixels: np.ndarray) -> np.ndarray | None:
    """The background's colour in every row, (height, 3), read off the left or right edge."""
    for edge in (pixels[:, :BORDER], pixels[:, -BORDER:]):
        rows = cv2.blur(np.median(edge, axis=1)[:, None], (1, 9))[:, 0]
        steepest = np.abs(np.diff(rows, axis=0)).max(initial=0)
        if np.abs(edge - rows[:, None]).mean() <= PLAIN_SPREAD and steepest <= STEEPEST:
            return rows
    return None


def _by_alpha(picture: Image.Image) -> np.ndarray | None:
    if "A" not in picture.getbands():
        return None
    covered = np.asarray(picture.getchannel("A")) >= THRESHOLD
    return None if covered.all() else covered


def _by_grabcut(picture: Image.Image) -> np.ndarray:
    """Iterated graph cuts on a small copy, the outline smoothed on the way back to full size."""
    pixels = np.asarray(picture.convert("RGB"))
    height, width = pixels.shape[:2]
    shrink = min(1.0, WORKING_SIDE / max(height, width))
    size = (max(8, round(width * shrink)), max(8, round(height * shrink)))
    small = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    labels = _assumed(size)
    cv2.setRNGSeed(0)  # it starts from k-means: the same picture has the same subject
    cv2.grabCut(small, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), ITERATIONS, cv2.GC_INIT_WITH_MASK)
    subject = _without_specks(np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)))
    subject = _without_holes(subject)
    full = cv2.resize(subject.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return full > 0.5


def _assumed(size: tuple[int, int]) -> np.ndarray:
    """Labels to start from: sure in the very middle and at the frame, likely around the middle and below."""
    width, height = size
    center = (width // 2, height // 2)
    labels = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    cv2.ellipse(labels, center, (round(width * 0.42), round(height * 0.46)), 0, 0, 360, cv2.GC_PR_FGD, -1)
    labels[height // 2 :, width // 3 : 2 * width // 3] = cv2.GC_PR_FGD
    frame = max(2, round(min(size) * FRAME))
    labels[:frame] = labels[:, :frame] = labels[:, -frame:] = cv2.GC_BGD
    cv2.ellipse(labels, center, (round(width * 0.12), round(height * 0.16)), 0, 0, 360, cv2.GC_FGD, -1)
    return labels


def _without_specks(subject: np.ndarray) -> np.ndarray:
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(subject.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    kept = [piece for piece in range(1, count) if areas[piece] >= SPECK * areas[1:].max()]
    return np.isin(pieces, kept)


def _without_holes(subject: np.ndarray) -> np.ndarray:
    """Small patches of a colour that the background has, too, are no windows to it."""
    count, holes, stats, _ = cv2.connectedComponentsWithStats((~subject).astype(np.uint8), connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA]
    filled = [hole for hole in range(1, count) if areas[hole] < HOLE * subject.sum()]
    return subject | np.isin(holes, filled)
