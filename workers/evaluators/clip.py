"""`clip`: the cosine between picture and prompt, by a CLIP model on this pool's device."""

from typing import Any

from django.conf import settings
from PIL import Image

from gpu.provenance import public_name
from strategies.params import EvaluationParams, Weights

from .. import identity
from ..generators.local_sdxl import NoDevice
from ..weights import model_source
from .evaluator import Verdict


class Clip:
    """Keeps the model it used last."""

    def __init__(self) -> None:
        self._source: Any = None
        self._scorer: Any = None

    def judge(self, image: Image.Image, params: EvaluationParams) -> Verdict:
        configured = Weights(location=settings.CLIP_MODEL, revision=settings.CLIP_REVISION)
        source = model_source(params.model or configured)
        if source != self._source:
            self._scorer = _load(source)
            self._source = source
        likeness = self._scorer.likeness(image, params.prompt)
        reason = f"The cosine of picture and prompt is {likeness.cosine:.3f}."
        if likeness.doubtful:
            reason += f" It would rise without the words: {', '.join(likeness.doubtful)}."
        return Verdict(likeness.score, f"clip {public_name(source)}", reason, likeness.doubtful)


def _load(source: Any) -> Any:
    if not identity.DRAWS:
        raise NoDevice(f"The pool {identity.POOL!r} has no device; give it one in pools.toml.")
    from gpu.scorer import Scorer  # noqa: PLC0415  torch, only in a pool that draws

    return Scorer(source, identity.DEVICE)
