"""From a task's parameters to the models that a pool draws with."""

from gpu.requests import ModelSource, PipelineKey, PipelineMode
from strategies.params import DrawingParams, GenerationParams

from .weights import model_source


def pipeline_key(params: DrawingParams, mode: PipelineMode) -> PipelineKey:
    """Raises: gpu.errors.ModelNotFound."""
    checkpoint = model_source(params.checkpoint) if params.checkpoint else ModelSource("none")
    vae = model_source(params.vae) if params.vae else None
    if not isinstance(params, GenerationParams):
        return PipelineKey(checkpoint, mode=mode, vae=vae)
    return PipelineKey(
        checkpoint,
        controlnets=tuple(model_source(each.model) for each in params.controls),
        mode=mode,
        vae=vae,
        refiner=model_source(params.refiner.model) if params.refiner else None,
    )
