"""Those who judge pictures, by name: one interface, one line each."""

from strategies.models.shot import Evaluator as Name

from .clip import Clip
from .evaluator import Evaluator, Verdict
from .pixel import Pixel
from .vision import Vision

EVALUATORS: dict[str, Evaluator] = {Name.CLIP: Clip(), Name.PIXEL: Pixel(), Name.VISION: Vision()}

__all__ = ["EVALUATORS", "Evaluator", "Verdict"]
