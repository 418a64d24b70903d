"""What this process tells the scheduling policy: the models it has loaded, and what loading takes here."""

from dataclasses import replace

from strategies.models import Task
from strategies.policy import ANY_SIZE, POLICY, Policy

from . import identity
from .generators import started_generators
from .generators.local_sdxl import LocalSdxl
from .outputs import Made

WEIGHT = 0.3  # of the latest load in the running mean
_load_seconds: float | None = None


def resident() -> frozenset[str]:
    """Public names of the models that need no loading."""
    return frozenset(name for generator in started_generators() for name in generator.health()["resident"])


def capacity() -> int:
    """How many numbers models may hold to be loaded here: none without a device."""
    for generator in started_generators():
        if isinstance(generator, LocalSdxl):
            return generator.capacity()
    return ANY_SIZE if identity.DRAWS else 0


def policy() -> Policy:
    """The policy with what was measured here."""
    here = replace(POLICY, capacity=capacity())
    return here if _load_seconds is None else replace(here, load_seconds=_load_seconds)


def load_seconds() -> float | None:
    """What loading a model took here lately."""
    return _load_seconds


def note_load(task: Task, before: frozenset[str], made: Made) -> float | None:
    """What loading took, and learn from it; None for a task whose model was among those loaded before."""
    global _load_seconds  # noqa: PLW0603  one device per process
    took = made.result.get("timings", {}).get("load_s")
    if took is None or not task.model or task.model in before:
        return None
    _load_seconds = took if _load_seconds is None else WEIGHT * took + (1 - WEIGHT) * _load_seconds
    return took
