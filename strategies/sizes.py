"""How much the models of a task hold, read from the headers of their files where this machine has them."""

import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from families.models import Workflow
from gpu import tensorfile
from gpu.errors import GpuError
from gpu.weights import resolve_checkpoint, resolve_controlnet, resolve_video

from .model_files import model_source
from .params import TaskParams, Weights

LOCAL = "local_sdxl"  # the generator that loads models into its pool
REMEMBERED = 60.0  # seconds: models are seldom put in the place of others
SOME = 1  # of a model on the hub or on another machine: it needs a pool that loads models, whatever its size
RESOLVE = {"checkpoint": resolve_checkpoint, "controlnet": resolve_controlnet, "video": resolve_video}


def parameters_of(params: TaskParams) -> int:
    """The numbers that the models of a task hold, all of them loaded at once; 0 of a task that loads none."""
    if getattr(params, "generator", LOCAL) != LOCAL:
        return 0
    return sum(_parameters_in(kind, weights) for kind, weights in _models(params))


def parameters_of_workflow(workflow: Workflow, task_type: str) -> int:
    """As far as its author says: of the checkpoint that its tasks of this type load."""
    if workflow.generator != LOCAL or not workflow.checkpoint:
        return 0
    weights = Weights(location=workflow.checkpoint, revision=workflow.checkpoint_revision or None)
    return _parameters_in(_kind(task_type), weights)


def _parameters_in(kind: str, weights: Weights) -> int:
    """The numbers in one model, as far as can be seen from here."""
    return _seen(kind, weights, int(time.monotonic() / REMEMBERED))


def _models(params: TaskParams) -> Iterator[tuple[str, Weights]]:
    checkpoint: Weights | None = getattr(params, "checkpoint", None)
    if checkpoint:
        yield _kind(params.task_type), checkpoint
    for control in getattr(params, "controls", ()):
        yield "controlnet", control.model


def _kind(task_type: str) -> str:
    return "video" if task_type == "video" else "checkpoint"


@lru_cache(maxsize=256)
def _seen(kind: str, weights: Weights, _minute: int) -> int:
    try:
        source = model_source(weights)
        path = Path(source.location)
        if path.is_file():
            return tensorfile.read(path).elements
        return RESOLVE[kind](source).loaded_bytes(1) if path.is_dir() else SOME
    except GpuError:  # what is wrong with it, the pool says
        return SOME
