"""The dispatch table: one processor per task type."""

from .generation import GenerationProcessor
from .image_adjust import ImageAdjustProcessor
from .processor import Processor

PROCESSORS: dict[str, Processor] = {
    "generation": GenerationProcessor(),
    "image_adjust": ImageAdjustProcessor(),
}
