"""`vision`: a vision model behind an address that speaks OpenAI's chat completions."""

import base64
import io

from django.conf import settings
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from strategies.params import EvaluationParams

from .. import language
from .evaluator import Verdict

LONGEST_SIDE = 1024  # pixels: what vision models look at anyway
BRIEF = (
    "You judge pictures that an image model drew from a prompt. Give a score from 0 (shows nothing of the"
    " prompt) to 1 (shows all of it, well drawn), the reason in one sentence, and as `missing` the things,"
    " each in a few of the prompt's own words, that the picture lacks or shows wrongly."
)


class Opinion(BaseModel):
    """What the model is to answer."""

    model_config = ConfigDict(extra="forbid")

    score: float = Field(ge=0, le=1)
    reason: str
    missing: list[str]


class Vision:
    """Asks the model named in the settings."""

    def judge(self, image: Image.Image, params: EvaluationParams) -> Verdict:
        """Raises: workers.language.LanguageModelAway, LanguageModelRefused."""
        seen = [
            {"type": "text", "text": f"The prompt: {params.prompt}"},
            {"type": "image_url", "image_url": {"url": _data_uri(image)}},
        ]
        messages = [{"role": "system", "content": BRIEF}, {"role": "user", "content": seen}]
        opinion = language.ask(settings.VISION_MODEL, messages, Opinion)
        missing = tuple(text for text in opinion.missing if text.strip())
        return Verdict(opinion.score, f"vision {settings.VISION_MODEL}", opinion.reason, missing)


def _data_uri(image: Image.Image) -> str:
    smaller = image.convert("RGB")
    smaller.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    buffer = io.BytesIO()
    smaller.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
