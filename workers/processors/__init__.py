"""The dispatch table: one processor per task type."""

from .background_fix import BackgroundFixProcessor
from .detail_enhancer import DetailEnhancerProcessor
from .editing import EditingProcessor
from .evaluation import EvaluationProcessor
from .face_fix import FaceFixProcessor
from .generation import GenerationProcessor
from .image_adjust import ImageAdjustProcessor
from .processor import Processor
from .prompt import PromptProcessor
from .refine import RefineProcessor
from .training import TrainingProcessor
from .video import VideoProcessor

PROCESSORS: dict[str, Processor] = {
    "generation": GenerationProcessor(),
    "editing": EditingProcessor(),
    "detail_enhancer": DetailEnhancerProcessor(),
    "background_fix": BackgroundFixProcessor(),
    "image_adjust": ImageAdjustProcessor(),
    "training": TrainingProcessor(),
    "evaluation": EvaluationProcessor(),
    "prompt": PromptProcessor(),
    "refine": RefineProcessor(),
    "face_fix": FaceFixProcessor(),
    "video": VideoProcessor(),
}
