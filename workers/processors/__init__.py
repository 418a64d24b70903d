"""The dispatch table: one processor per task type.

By name, so that the web process, whose checks read the table, never imports what pixels are made with.
"""

from functools import cache

from django.utils.module_loading import import_string

from .processor import Processor

PROCESSORS = {
    "generation": "workers.processors.generation.GenerationProcessor",
    "editing": "workers.processors.editing.EditingProcessor",
    "detail_enhancer": "workers.processors.detail_enhancer.DetailEnhancerProcessor",
    "background_fix": "workers.processors.background_fix.BackgroundFixProcessor",
    "image_adjust": "workers.processors.image_adjust.ImageAdjustProcessor",
    "training": "workers.processors.training.TrainingProcessor",
    "evaluation": "workers.processors.evaluation.EvaluationProcessor",
    "prompt": "workers.processors.prompt.PromptProcessor",
    "refine": "workers.processors.refine.RefineProcessor",
    "face_fix": "workers.processors.face_fix.FaceFixProcessor",
    "video": "workers.processors.video.VideoProcessor",
}


@cache
def processor_for(task_type: str) -> Processor:
    """The one processor of a task type. Raises: KeyError, ImportError when there is none."""
    processor: Processor = import_string(PROCESSORS[task_type])()
    return processor
