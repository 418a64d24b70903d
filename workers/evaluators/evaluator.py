"""What an evaluator is: it judges how well a picture shows what a prompt says."""

from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from strategies.params import EvaluationParams


@dataclass(frozen=True, slots=True)
class Verdict:
    """`score` is 0 to 1; `evaluator` says who judged; `missing` is what to say once more in the prompt."""

    score: float
    evaluator: str
    reason: str
    missing: tuple[str, ...] = ()


class Evaluator(Protocol):
    """Judges one picture at a time."""

    def judge(self, image: Image.Image, params: EvaluationParams) -> Verdict:
        """Raises: gpu.errors.GpuError (its decision says what happens next)."""
        ...
