"""What may be asked of a video model, and what it answers. Importable without torch.

Everything is checked on construction, so a request that exists is valid.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from gpu.errors import InvalidRequest
from gpu.requests import MAX_GUIDANCE, MAX_PIXELS, MAX_SEED, MAX_SIDE, MAX_STEPS, MIN_SIDE, ModelSource

SIZE_MULTIPLE = 8  # pixels
MIN_FRAMES, MAX_FRAMES = 2, 64
MIN_FPS, MAX_FPS = 1, 60
MAX_MOTION = 255
MAX_NOISE = 1.0
DEFAULT_CHUNK = 8  # frames decoded at once: at 1024x576 a frame takes about a gigabyte on the way


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """One clip that begins with a picture.

    The picture is cropped around its centre to the shape of the clip. Guidance grows from
    `min_guidance_scale` at the first frame to `max_guidance_scale` at the last; up to 1 it costs nothing.
    What is stopped between two steps is kept in `folder`, this clip's alone, and goes on from there.
    Raises `InvalidRequest` with a sentence naming the field.
    """

    checkpoint: ModelSource
    image: Image.Image
    seed: int
    width: int = 1024
    height: int = 576
    num_frames: int = 14
    fps: int = 7
    motion_bucket_id: int = 127
    noise_aug_strength: float = 0.02
    num_inference_steps: int = 25
    min_guidance_scale: float = 1.0
    max_guidance_scale: float = 3.0
    decode_chunk_size: int = DEFAULT_CHUNK
    provenance: Mapping[str, Any] = field(default_factory=dict)  # recorded as "extra"
    folder: Path | None = None

    def __post_init__(self) -> None:
        for name, (low, high, whole) in BOUNDS.items():
            _check(name, getattr(self, name), low, high, whole)
        for name in ("width", "height"):
            if getattr(self, name) % SIZE_MULTIPLE:
                raise InvalidRequest(f"{name} is {getattr(self, name)}; use a multiple of {SIZE_MULTIPLE}.")
        if self.width * self.height > MAX_PIXELS:
            raise InvalidRequest(f"{self.width}x{self.height} is too large; use at most {MAX_PIXELS} pixels.")


BOUNDS: Mapping[str, tuple[float, float, bool]] = {
    "seed": (0, MAX_SEED, True),
    "width": (MIN_SIDE, MAX_SIDE, True),
    "height": (MIN_SIDE, MAX_SIDE, True),
    "num_frames": (MIN_FRAMES, MAX_FRAMES, True),
    "fps": (MIN_FPS, MAX_FPS, True),
    "motion_bucket_id": (0, MAX_MOTION, True),
    "noise_aug_strength": (0, MAX_NOISE, False),
    "num_inference_steps": (1, MAX_STEPS, True),
    "min_guidance_scale": (0, MAX_GUIDANCE, False),
    "max_guidance_scale": (0, MAX_GUIDANCE, False),
    "decode_chunk_size": (1, MAX_FRAMES, True),
}
"""Lowest, highest, and whether it is a whole number."""


@dataclass(frozen=True, slots=True)
class VideoResult:
    """The frames, a record of how they were made, seconds by phase, and the step that this run began after.

    `timings` has load_s, denoise_s, decode_s and total_s.
    """

    frames: tuple[Image.Image, ...]
    provenance: dict[str, Any]
    timings: dict[str, float]
    resumed_at: int = 0


def _check(name: str, value: Any, low: float, high: float, whole: bool) -> None:
    kind = "whole" if whole else "finite"
    usable = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not usable or not math.isfinite(value):
        raise InvalidRequest(f"{name} is {value!r}; use a {kind} number.")
    if not low <= value <= high:
        raise InvalidRequest(f"{name} is {value}; use {low} to {high}.")
