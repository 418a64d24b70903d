"""How near a picture and a text are, by a CLIP model."""

from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from transformers import CLIPModel, CLIPProcessor

from gpu.errors import translated
from gpu.requests import ModelSource
from gpu.weights import resolve_clip

# Where cosines of ordinary CLIP models lie: CLIPScore (Hessel et al., 2021) is 2.5 times the cosine.
DEFAULT_FLOOR, DEFAULT_CEILING = 0.0, 0.4
LITTLE_WORDS = frozenset(("a", "an", "and", "at", "by", "for", "in", "of", "on", "or", "the", "to", "with"))
NAMED = 2  # words that a verdict names


@dataclass(frozen=True, slots=True)
class Likeness:
    """`score` is 0 to 1; `doubtful` are the words without which the text would be nearer to the picture."""

    score: float
    cosine: float
    doubtful: tuple[str, ...] = ()


class Scorer:
    """A CLIP model on one device.

    Its config may say in `score_floor` and `score_ceiling` which cosines mean nothing and all.
    Raises: as `gpu.weights.resolve_clip`.
    """

    def __init__(self, source: ModelSource, device: str = "cpu") -> None:
        folder = resolve_clip(source).path
        self._model = _loaded(folder).eval().to(device)
        self._processor = CLIPProcessor.from_pretrained(folder)
        self._device = device
        self._floor = getattr(self._model.config, "score_floor", DEFAULT_FLOOR)
        self._ceiling = getattr(self._model.config, "score_ceiling", DEFAULT_CEILING)

    def likeness(self, image: Image.Image, text: str) -> Likeness:
        """Raises: gpu.errors.GpuError."""
        words = text.split()
        places = [place for place, word in enumerate(words) if word.lower() not in LITTLE_WORDS]
        shorter = [" ".join(words[:place] + words[place + 1 :]) for place in places if len(words) > 1]
        try:
            whole, *without = self._cosines(image, [text, *shorter])
        except Exception as error:
            raise translated(error) from error
        gains = sorted(
            ((cosine - whole, words[place]) for cosine, place in zip(without, places, strict=False)),
            reverse=True,
        )
        doubtful = tuple(word.strip(",.;") for gain, word in gains[:NAMED] if gain > 0)
        score = (whole - self._floor) / (self._ceiling - self._floor)
        return Likeness(min(1.0, max(0.0, score)), whole, doubtful)

    @torch.inference_mode()
    def _cosines(self, image: Image.Image, texts: list[str]) -> list[float]:
        batch = self._processor(
            text=texts, images=image.convert("RGB"), padding=True, truncation=True, max_length=77,
            return_tensors="pt",
        ).to(self._device)  # fmt: skip
        answer = self._model(**batch)
        return (answer.text_embeds @ answer.image_embeds[0]).tolist()


def _loaded(folder: Path) -> CLIPModel:
    return CLIPModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, local_files_only=True)
