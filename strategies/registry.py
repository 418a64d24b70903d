"""The strategies, by name."""

from collections.abc import Iterable

from .background_fixing import BackgroundFixing
from .editing import Editing
from .errors import UnknownStrategy, one
from .face_fixing import FaceFixing
from .image_adjusting import ImageAdjusting
from .refine import RefineStrategy
from .strategy import Strategy
from .subject_generate import SubjectGenerate
from .text_to_image import TextToImage
from .video import Video


def register(strategies: Iterable[Strategy]) -> dict[str, Strategy]:
    """Name → strategy. Raises: ValueError when two share a name."""
    registry: dict[str, Strategy] = {}
    for strategy in strategies:
        if strategy.name in registry:
            raise ValueError(f"Two strategies are named {strategy.name!r}.")
        registry[strategy.name] = strategy
    return registry


STRATEGIES = register([
    TextToImage(), SubjectGenerate(), Editing(), BackgroundFixing(), ImageAdjusting(), RefineStrategy(),
    FaceFixing(), Video(),
])  # fmt: skip


def get_strategy(name: str) -> Strategy:
    """Raises: UnknownStrategy listing the known."""
    try:
        return STRATEGIES[name]
    except KeyError:
        known = ", ".join(sorted(STRATEGIES))
        raise UnknownStrategy(
            f"There is no strategy {name!r}; known: {known}.", errors=one(("strategy",), f"one of: {known}")
        ) from None
