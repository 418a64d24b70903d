"""From a task's parameters to the models that a pool draws with."""

from gpu.requests import ModelSource, PipelineKey, PipelineMode
from strategies.params import DrawingParams, GenerationParams

from .weights import model_source


def pipeline_key(params: DrawingParams, mode: PipelineMode) -> PipelineKey:
    """Raises: gpu.errors.ModelNotFound."""
    controls = params.controls if isinstance(params, GenerationParams) else ()
    return PipelineKey(
        checkpoint=model_source(params.checkpoint) if params.checkpoint else ModelSource("none"),
        controlnets=tuple(model_source(each.model) for each in controls),
        mode=mode,
    )
