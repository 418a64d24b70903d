"""What a training may be asked for, and what it answers. Importable without torch."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from gpu.errors import InvalidRequest
from gpu.requests import PipelineKey

MAX_TRAIN_STEPS = 5000
MAX_RANK = 128
MAX_TRAIN_IMAGES = 64


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """A LoRA to train on `images`, which `prompt` describes. Raises `InvalidRequest` naming the field.

    `folder` is this training's alone: checkpoints and the result go there.
    """

    key: PipelineKey
    images: tuple[Image.Image, ...]
    prompt: str
    steps: int
    rank: int
    learning_rate: float
    seed: int
    folder: Path
    checkpoint_seconds: float = 20.0

    def __post_init__(self) -> None:
        for name, value, highest in (
            ("steps", self.steps, MAX_TRAIN_STEPS),
            ("rank", self.rank, MAX_RANK),
            ("number of images", len(self.images), MAX_TRAIN_IMAGES),
        ):
            if not 1 <= value <= highest:
                raise InvalidRequest(f"{name} is {value}; use 1 to {highest}.")
        if not 0 < self.learning_rate <= 1:
            raise InvalidRequest(f"learning_rate is {self.learning_rate}; use a number above 0 and up to 1.")


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The LoRA's file in diffusers' format, the side of the squares it was trained on (pixels), the step that
    this run began after, and the loss of every step."""

    file: Path
    side: int
    resumed_at: int
    losses: tuple[float, ...]
