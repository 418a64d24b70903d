"""The region finders that a workflow may name."""

from functools import lru_cache

from gpu.errors import Decision, GpuError
from gpu.regions import RegionFinder, ShapeFinder
from strategies.params import Weights

from .weights import model_source

SHAPES = "shapes"
CLIPSEG = "clipseg:"


class UnknownRegionFinder(GpuError):
    """The workflow names a region finder that does not exist."""

    code = "unknown_region_finder"
    decision = Decision.CALLER


@lru_cache(maxsize=1)  # a workflow's finder stays loaded until another one is asked for
def region_finder(name: str) -> RegionFinder:
    """`shapes`, or `clipseg:LOCATION` with the location of a model, and `@REVISION` for one from the hub.

    Raises: UnknownRegionFinder, or why the model cannot be loaded.
    """
    if name == SHAPES:
        return ShapeFinder()
    if not name.startswith(CLIPSEG):
        raise UnknownRegionFinder(
            f"There is no region finder {name!r}; the workflow must name {SHAPES} or {CLIPSEG}LOCATION."
        )
    from gpu.clipseg import ClipSegFinder  # noqa: PLC0415  the one place here that imports torch

    location, _, revision = name.removeprefix(CLIPSEG).partition("@")
    return ClipSegFinder(model_source(Weights(location=location, revision=revision or None)))
