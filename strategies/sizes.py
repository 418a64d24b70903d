"""How much the models of a task hold, read from the headers of their files where this machine has them."""

import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from families.models import Workflow
from gpu import tensorfile
from gpu.errors import GpuError
from gpu.weights import resolve_checkpoint, resolve_controlnet, resolve_vae, resolve_video

from .authored import checkpoint_of, controlnets_of, refiner_of, vae_of
from .model_files import model_source
from .params import PARAMS, TaskParams, Weights

LOCAL = "local_sdxl"  # the generator that loads models into its pool
REMEMBERED = 60.0  # seconds: models are seldom put in the place of others
SOME = 1  # of a model on the hub or on another machine: it needs a pool that loads models, whatever its size
RESOLVE = {
    "checkpoint": resolve_checkpoint,
    "controlnet": resolve_controlnet,
    "vae": resolve_vae,
    "refiner": resolve_checkpoint,
    "video": resolve_video,
}

Model = tuple[str, Weights]  # a key of `RESOLVE`, and where it comes from


def parameters_of(params: TaskParams) -> int:
    """The numbers that the models of a task hold, all of them loaded at once; 0 of a task that loads none."""
    if getattr(params, "generator", LOCAL) != LOCAL:
        return 0
    return _parameters_in(_models(params))


def parameters_of_workflow(workflow: Workflow, task_type: str) -> int:
    """The same of the tasks of this type that a workflow will have."""
    if workflow.generator != LOCAL:
        return 0
    return _parameters_in(_authored_models(workflow, task_type))


def _models(params: TaskParams) -> Iterator[Model]:
    checkpoint: Weights | None = getattr(params, "checkpoint", None)
    if checkpoint:
        yield _kind(params.task_type), checkpoint
    for control in getattr(params, "controls", ()):
        yield "controlnet", control.model
    if vae := getattr(params, "vae", None):
        yield "vae", vae
    if refiner := getattr(params, "refiner", None):
        yield "refiner", refiner.model


def _authored_models(workflow: Workflow, task_type: str) -> Iterator[Model]:
    """Those that its author named, as far as tasks of this type load them."""
    loads = PARAMS[task_type].model_fields
    if "checkpoint" in loads and (checkpoint := checkpoint_of(workflow)):
        yield _kind(task_type), checkpoint
    for net in controlnets_of(workflow) if "controls" in loads else ():
        yield "controlnet", net
    if "vae" in loads and (vae := vae_of(workflow)):
        yield "vae", vae
    if "refiner" in loads and (refiner := refiner_of(workflow)):
        yield "refiner", refiner


def _kind(task_type: str) -> str:
    return "video" if task_type == "video" else "checkpoint"


def _parameters_in(models: Iterable[Model]) -> int:
    """The numbers in these, as far as can be seen from here. A file counts once, as it is loaded once, also
    where it lies in two places: a refiner's second text encoder is that of its checkpoint."""
    minute = int(time.monotonic() / REMEMBERED)
    files = [each for kind, weights in models for each in _files(kind, weights, minute)]
    return sum(dict(files).values())


@lru_cache(maxsize=256)
def _files(kind: str, weights: Weights, _minute: int) -> list[tuple[str, int]]:
    """What each file of a model holds, by a name of its content."""
    try:
        source = model_source(weights)
        path = Path(source.location)
        if not path.exists():
            return [(str(weights), SOME)]
        found = [path] if path.is_file() else RESOLVE[kind](source).weights
        sizes = [tensorfile.read(file).elements for file in found]
        return list(zip(map(tensorfile.fingerprint, found), sizes, strict=True))
    except GpuError:  # what is wrong with it, the pool says
        return [(str(weights), SOME)]
