"""While a task is drawn, another thread looks for what comes next by the policy, and has its models read."""

import time
from collections.abc import Iterator
from threading import Lock, Thread
from typing import cast

import structlog
from django.db import connection

from gpu.errors import GpuError
from gpu.requests import Adapter, PipelineKey, PipelineMode
from strategies import lifecycle
from strategies.models import Task
from strategies.params import DrawingParams, parse
from strategies.scheduling import goes_before

from . import identity, scheduling
from .generators import get_generator
from .generators.local_sdxl import LocalSdxl
from .keys import pipeline_key
from .sources import adapter

log = structlog.get_logger(__name__)
Need = tuple[PipelineKey, tuple[Adapter, ...]]
EVERY = 1.0  # seconds between two looks: loading a model takes longer, and a picture may take less
_looking = Lock()
_next_look = 0.0


def fetch_ahead(present: Task) -> None:
    """Begin to look at what follows a task that is being drawn, unless that was done a moment ago.

    Call it at the first step: before it the task loads what it needs itself, and nothing should compete.
    """
    if identity.DRAWS and time.monotonic() >= _next_look and _looking.acquire(blocking=False):
        Thread(target=_look, args=(present,), name="fetching", daemon=True).start()


def _look(present: Task) -> None:
    """What the present task needs is named first, so that it does not leave for what follows."""
    global _next_look  # noqa: PLW0603  one device per process
    try:
        waiting = lifecycle.upcoming(_queues(present.queue), scheduling.resident(), scheduling.policy())
        needs = [need for task in (present, *waiting) for need in _needs(task)]
        generator = cast(LocalSdxl, get_generator(LocalSdxl.name))
        generator.prefetch([key for key, _ in needs], [each for _, adapters in needs for each in adapters])
    except Exception as error:  # the tasks will say it themselves, if it still matters then
        log.warning("nothing_fetched", error=f"{type(error).__name__}: {error}")
    finally:
        connection.close()
        _next_look = time.monotonic() + EVERY
        _looking.release()


def _queues(present: str) -> list[str]:
    """Those of this pool in the order of their turns: the present one goes on, background work comes last."""
    served = identity.QUEUES
    return sorted(served, key=lambda queue: (bool(goes_before(queue, served)), queue != present))


def _needs(task: Task) -> Iterator[Need]:
    """Of a task that draws on this pool's device; none of one that could not be run."""
    params = parse(task.params)
    if not isinstance(params, DrawingParams) or params.generator != LocalSdxl.name:
        return
    try:
        key = pipeline_key(params, PipelineMode.TEXT_TO_IMAGE)  # all modes have the same models
        yield key, tuple(adapter(lora) for lora in params.loras)
    except GpuError as error:
        log.info("not_fetched", task=str(task.id), error=str(error))
