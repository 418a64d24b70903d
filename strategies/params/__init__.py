"""Typed task parameters: one Pydantic model per task type, told apart by `task_type`.

The API, the strategies and the workers speak these alike. Locations name weights (`strategies.model_files`),
ids name stored assets and LoRAs; nothing here is a path a client could choose.
"""

from typing import Any

from .background_fix import BackgroundFixParams
from .base import ControlParams, LoraParams, Params, Seed, TaskParams, Weights
from .drawing import DrawingParams
from .editing import AreaParams, DetailEnhancerParams, EditingParams, ReferenceParams
from .evaluation import EvaluationParams
from .generation import EncodingParams, GenerationParams, RefinerParams
from .image_adjust import ImageAdjustParams
from .prompt import PromptParams, Words
from .refine import FaceFixParams, PieceParams, RefineParams
from .training import TrainingParams
from .video import VideoParams

PARAMS: dict[str, type[TaskParams]] = {
    "generation": GenerationParams,
    "editing": EditingParams,
    "detail_enhancer": DetailEnhancerParams,
    "background_fix": BackgroundFixParams,
    "image_adjust": ImageAdjustParams,
    "training": TrainingParams,
    "evaluation": EvaluationParams,
    "prompt": PromptParams,
    "refine": RefineParams,
    "face_fix": FaceFixParams,
    "video": VideoParams,
}

__all__ = [
    "PARAMS", "AreaParams", "BackgroundFixParams", "ControlParams", "DetailEnhancerParams", "DrawingParams",
    "EditingParams", "EncodingParams", "EvaluationParams", "FaceFixParams", "GenerationParams",
    "ImageAdjustParams", "LoraParams", "Params", "PieceParams", "PromptParams", "ReferenceParams",
    "RefineParams", "RefinerParams", "Seed", "TaskParams", "TrainingParams", "VideoParams", "Weights",
    "Words", "parse",
]  # fmt: skip


def parse(document: dict[str, Any]) -> TaskParams:
    """The typed parameters of a task row.

    Raises: KeyError for an unknown task type, pydantic.ValidationError.
    """
    return PARAMS[document["task_type"]].model_validate(document)
