"""What this room knows about recipes: the generators, and whether the models they name can be found.

Runs in the web process too, which reads file names and headers and never imports torch. A hub id is not
looked up: that waits for a network, and the pool that draws may reach what this machine does not. Nor is a
path, where this machine has no models folder: then the models are on the machines of the pools.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings

from families.errors import InputProblem
from families.models import Workflow
from families.recipe_checks import register_check, register_choices
from gpu.errors import GpuError, InvalidRequest
from gpu.hub import is_commit, is_hub_id
from gpu.requests import ModelSource
from gpu.weights import (
    resolve_checkpoint,
    resolve_controlnet,
    resolve_vae,
    resolve_video,
    validate_lora,
)
from strategies.params import PARAMS, Weights
from strategies.registry import STRATEGIES
from strategies.video import Video

from .generators import GENERATORS
from .weights import POCKET, adapter_path, model_source

LOCAL = "local_sdxl"  # the one generator that draws with models of its own


def model_problems(workflow: Workflow) -> Iterator[InputProblem]:
    """Every model of the recipe that a pool would not find, or would refuse."""
    if workflow.generator != LOCAL:
        return
    if not workflow.checkpoint and _takes(workflow, "checkpoint"):
        text = f"the generator “{LOCAL}” draws with a checkpoint: name one, such as pocket:pocket-sdxl"
        yield InputProblem(("checkpoint",), text, "missing")
    base = resolve_video if workflow.strategy == Video.name else resolve_checkpoint
    for field, resolve in (("checkpoint", base), ("vae", resolve_vae), ("refiner", resolve_checkpoint)):
        location, revision = getattr(workflow, field), getattr(workflow, f"{field}_revision")
        if location:
            yield from _looked_up((field,), location, revision, resolve)
        if location and field != "checkpoint" and not _takes(workflow, field):
            text = f"the strategy “{workflow.strategy}” draws without: leave it empty"
            yield InputProblem((field,), text, "unused")
    for place, net in enumerate(workflow.controlnets):
        loc = ("controlnets", place, "model")
        yield from _looked_up(loc, net["model"], net.get("revision"), resolve_controlnet)
    for place, lora in enumerate(workflow.loras):
        if _is_here(lora["lora"]):
            loc = ("loras", place, "lora")
            yield from _refusal(loc, lambda source=lora["lora"]: validate_lora(adapter_path(source)))


def _takes(workflow: Workflow, model: str) -> bool:
    """Whether any task of its strategy takes such a model."""
    strategy = STRATEGIES.get(workflow.strategy)
    types = strategy.task_types if strategy else ()
    return any(model in PARAMS[task_type].model_fields for task_type in types if task_type in PARAMS)


def _looked_up(
    loc: tuple[str | int, ...],
    location: str,
    revision: str | None,
    resolve: Callable[[ModelSource], object],
) -> Iterator[InputProblem]:
    if is_hub_id(location) and revision:
        if not is_commit(revision):
            text = "a model of the hub needs its revision as a full commit hash, 40 hex digits"
            yield InputProblem(loc, text, InvalidRequest.code)
    elif _is_here(location):
        weights = Weights(location=location, revision=None)
        yield from _refusal(loc, lambda: _resolved(model_source(weights), resolve))


def _resolved(source: ModelSource, resolve: Callable[[ModelSource], object]) -> object:
    """As a pool would, except for configs from the hub, which a single file without its own needs."""
    path = Path(source.location)
    if path.is_file() and not path.with_suffix("").is_dir():
        return source
    return resolve(source)


def _is_here(location: str) -> bool:
    """Whether this machine can tell: the model ships with Atelier, or the models folder is here."""
    return location.startswith(POCKET) or Path(settings.MODELS_DIR).is_dir()


def _refusal(loc: tuple[str | int, ...], look: Callable[[], object]) -> Iterator[InputProblem]:
    try:
        look()
    except GpuError as error:
        yield InputProblem(loc, str(error), error.code)


register_choices("generator", GENERATORS)
register_check(model_problems)
