"""The region finders of this process."""

from functools import lru_cache

from gpu.regions import RegionFinder, ShapeFinder
from strategies.params import Weights

from .weights import model_source


@lru_cache(maxsize=1)  # a workflow's finder stays loaded until another one is asked for
def region_finder(weights: Weights | None) -> RegionFinder:
    """A CLIPSeg model, or what knows coloured shapes. Raises: why the model cannot be loaded."""
    if weights is None:
        return ShapeFinder()
    from gpu.clipseg import ClipSegFinder  # noqa: PLC0415  the one place here that imports torch

    return ClipSegFinder(model_source(weights))
