"""A large picture in overlapping tiles of the model's native size, and back again without seams.

Only the finished picture (three bytes a pixel) grows with its size: tiles are enlarged from the source one at
a time, and no more than one row of them is held while it is blended.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

MAX_OVERLAP = 1 / 3  # of a tile: beyond it more than two tiles would meet in one line
TONE_SHARE = 1 / 16  # of a tile: coarser than this, the tones are the original's


@dataclass(frozen=True, slots=True)
class Axis:
    """Where tiles of one size begin along a side, and how much each counts there.

    Neighbours overlap by at least `overlap` pixels and are blended in the middle of what they share, so that
    every tile's outermost pixels, drawn without knowing their surroundings, count least.
    """

    starts: tuple[int, ...]
    tile: int
    overlap: int

    def weights(self, index: int) -> np.ndarray:
        """How much each pixel line of a tile counts; over all tiles every line adds up to one."""
        lines = self.starts[index] + np.arange(self.tile) + 0.5
        entered = self._beyond_seam(index - 1, lines) if index > 0 else np.ones(self.tile)
        left = self._beyond_seam(index, lines) if index + 1 < len(self.starts) else np.zeros(self.tile)
        return (entered - left).astype(np.float32)

    def _beyond_seam(self, before: int, lines: np.ndarray) -> np.ndarray:
        """0 to 1 across the seam that follows the tile `before`."""
        seam = (self.starts[before] + self.tile + self.starts[before + 1]) / 2
        return np.clip((lines - seam) / self.overlap + 0.5, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Tile:
    """A square of the enlarged picture; it may reach beyond a picture that is smaller than it."""

    row: int
    column: int
    left: int
    top: int
    size: int


@dataclass(frozen=True, slots=True)
class Grid:
    """All tiles of a picture, in reading order."""

    width: int
    height: int
    columns: Axis
    rows: Axis

    def __len__(self) -> int:
        return len(self.columns.starts) * len(self.rows.starts)

    def __iter__(self) -> Iterator[Tile]:
        for row, top in enumerate(self.rows.starts):
            for column, left in enumerate(self.columns.starts):
                yield Tile(row, column, left, top, self.columns.tile)


def grid(width: int, height: int, *, tile: int, overlap: int) -> Grid:
    """As few tiles as cover the picture, evenly spread. Raises: ValueError."""
    if not 0 < overlap <= tile * MAX_OVERLAP:
        raise ValueError(f"tiles of {tile} pixels cannot overlap by {overlap}; use 1 to {tile // 3}")
    return Grid(width, height, _axis(width, tile, overlap), _axis(height, tile, overlap))


def _axis(length: int, tile: int, overlap: int) -> Axis:
    count = max(1, -(-(length - overlap) // (tile - overlap)))
    last = max(0, length - tile)
    starts = tuple(round(index * last / (count - 1)) for index in range(count)) if count > 1 else (0,)
    return Axis(starts, tile, overlap)


def enlarged(source: Image.Image, scale: int, tile: Tile) -> Image.Image:
    """One tile of the source enlarged `scale` times (Lanczos), without enlarging the rest of it.

    What reaches beyond the picture mirrors it.
    """
    width = min(tile.size, source.width * scale - tile.left)
    height = min(tile.size, source.height * scale - tile.top)
    right, bottom = tile.left + width, tile.top + height
    box = (tile.left / scale, tile.top / scale, right / scale, bottom / scale)
    inside = source.resize((width, height), Image.Resampling.LANCZOS, box=box)
    if inside.size == (tile.size, tile.size):
        return inside
    margins = ((0, tile.size - height), (0, tile.size - width), (0, 0))
    return Image.fromarray(np.pad(np.asarray(inside), margins, mode="symmetric"))


def toned(drawn: Image.Image, original: Image.Image) -> Image.Image:
    """The detail of the drawn tile on the tones of the original: neither colours nor brightness drift."""
    radius = drawn.width * TONE_SHARE
    before, after = (np.asarray(each.convert("RGB"), np.float32) for each in (original, drawn))
    after += cv2.GaussianBlur(before - after, (0, 0), radius)
    return Image.fromarray(np.clip(np.rint(after), 0, 255).astype(np.uint8))


class Blend:
    """The picture that tiles, given in reading order, make together."""

    def __init__(self, layout: Grid) -> None:
        self._grid = layout
        self._picture = np.empty((layout.height, layout.width, 3), np.uint8)
        reach = max(layout.width, layout.columns.tile)
        self._strip = np.zeros((layout.rows.tile, reach, 3), np.float32)
        self._top = 0  # of the strip

    def add(self, tile: Tile, image: Image.Image) -> None:
        """Blend in an RGB picture of the tile's size."""
        self._advance(tile.top)
        weights = np.outer(self._grid.rows.weights(tile.row), self._grid.columns.weights(tile.column))
        place = self._strip[:, tile.left : tile.left + tile.size]
        place += np.asarray(image, np.float32) * weights[..., None]

    def finished(self) -> Image.Image:
        """The whole picture, when every tile was added."""
        self._advance(self._grid.height)
        return Image.fromarray(self._picture)

    def _advance(self, top: int) -> None:
        """Write out the lines above `top`, to which no further tile adds, and move the strip there."""
        done = min(top - self._top, len(self._strip))
        if done == 0:
            return
        lines = self._picture[self._top : self._top + done]
        lines[:] = np.clip(np.rint(self._strip[: len(lines), : self._grid.width]), 0, 255)
        self._strip[:-done] = self._strip[done:].copy()
        self._strip[-done:] = 0
        self._top = top
