"""How the predictions of a generation come about, by the generation's type."""

from ..models import Generation
from .agentic import Agentic
from .base import Base
from .generation_type import AgenticRules, GenerationType

GENERATION_TYPES: dict[str, GenerationType] = {
    Generation.Type.BASE: Base(),
    Generation.Type.AGENTIC: Agentic(),
}

__all__ = ["GENERATION_TYPES", "AgenticRules", "GenerationType"]
