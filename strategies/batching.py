"""What parameters mean for scheduling: the model a task needs, and what can run beside it in one call."""

import hashlib
import json
from pathlib import PurePath
from typing import Any

from .params import TaskParams, Weights

BATCHED = ("generation",)  # task types whose processor takes several at once
# What may differ in a batch.
OWN = {"prompt", "prompt_of_step_before", "negative_prompt", "seed", "encoding", "provenance"}


def model_of(params: TaskParams) -> str:
    """The public name of the checkpoint, as a pool calls it among those resident; empty without one."""
    weights: Weights | None = getattr(params, "checkpoint", None)
    return model_name(weights) if weights else ""


def model_name(weights: Weights) -> str:
    """A hub id as it is, of anything else the last part."""
    return weights.location if weights.revision else PurePath(weights.location.removeprefix("pocket:")).name


def batch_key(params: TaskParams) -> str:
    """Equal for tasks that one pipeline call can serve; empty for a task that runs alone.

    Whether there is a negative prompt counts: an empty one is something else to a pipeline than none.
    """
    if params.task_type not in BATCHED:
        return ""
    shared: dict[str, Any] = params.model_dump(mode="json", exclude=OWN)
    shared["has_negative_prompt"] = bool(getattr(params, "negative_prompt", ""))
    return hashlib.sha256(json.dumps(shared, sort_keys=True).encode()).hexdigest()
