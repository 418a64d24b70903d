"""The dispatch table: one processor per task type."""

from .generation import GenerationProcessor
from .processor import Processor

PROCESSORS: dict[str, Processor] = {"generation": GenerationProcessor()}
