"""From the location a workflow names to a model source on this machine."""

from pathlib import Path

from django.conf import settings

from gpu import pocket
from gpu.errors import ModelNotFound
from gpu.requests import ModelSource

from .params import Weights

POCKET = "pocket:"


def model_source(weights: Weights) -> ModelSource:
    """`pocket:NAME` ships with Atelier; a path that exists, absolute or below the models folder, is local;
    anything else of the form `org/name` is a hub id and needs a revision.

    Raises: ModelNotFound.
    """
    location = weights.location
    if location.startswith(POCKET):
        return ModelSource(str(_below(Path(pocket.__file__).parent, location.removeprefix(POCKET))))
    folder = Path(settings.MODELS_DIR)
    if Path(location).is_absolute() or weights.revision is None:
        return ModelSource(str(_below(folder, location)))
    return ModelSource(location, weights.revision)


def _below(folder: Path, name: str) -> Path:
    """`folder/name`; an absolute name stands for itself; one that climbs out of the folder is refused."""
    path = (folder / name).resolve()
    if not Path(name).is_absolute() and not path.is_relative_to(folder.resolve()):
        raise ModelNotFound(f"{name!r} lies outside the models folder; put the model below it.")
    return path
