"""The request rows: what was asked for, what it became, and the work in between."""

from .asset import Asset
from .generation import Generation
from .lora import Lora
from .prediction import Prediction
from .status import TERMINAL, Status
from .task import Task

__all__ = ["TERMINAL", "Asset", "Generation", "Lora", "Prediction", "Status", "Task"]
