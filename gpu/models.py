"""The models of one device: resolved, loaded, measured, kept while there is room."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from diffusers import DiffusionPipeline

from gpu import memory
from gpu.cache import CacheStats, ModelCache, Reserve
from gpu.device import CPU, default_dtype
from gpu.pipelines import Placement, load_checkpoint, load_controlnet, load_video
from gpu.requests import ModelSource, PipelineKey
from gpu.weights import ModelFiles, resolve_checkpoint, resolve_controlnet, resolve_video


@dataclass(frozen=True, slots=True)
class ModelKey:
    """What tells two loaded models apart."""

    kind: str  # a key of _KINDS
    source: ModelSource
    variant: str | None
    dtype: torch.dtype


@dataclass(frozen=True, slots=True)
class Resident:
    """A loaded model with what else is known of it."""

    model: Any
    files: ModelFiles
    hashes: Future[dict[str, str]]  # gigabytes take seconds to hash: meanwhile the first image is drawn


@dataclass(frozen=True, slots=True)
class ModelSet:
    """The models of one pipeline key, held while it runs."""

    checkpoint: Resident
    controlnets: tuple[Resident, ...]

    def hashes(self) -> list[dict[str, str]]:
        """SHA-256 of the weight files, of the checkpoint and then of each ControlNet."""
        return [resident.hashes.result() for resident in (self.checkpoint, *self.controlnets)]


class Models:
    """Checkpoints and ControlNets on one device, under a byte budget (None: a share of its memory)."""

    def __init__(self, device: str, budget_bytes: int | None = None) -> None:
        self._device = device
        budget = memory.default_budget(device) if budget_bytes is None else budget_bytes
        free = None if device == CPU else partial(memory.free_bytes, device)
        self._cache = ModelCache(budget, measure=_measured, free=free, release=memory.release)
        self._hasher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sha256")

    def placement(self, key: PipelineKey) -> Placement:
        """Where and in which dtype the models of a key live."""
        name = default_dtype(self._device) if key.dtype == "auto" else key.dtype
        return Placement(self._device, getattr(torch, name))

    @contextmanager
    def use(self, key: PipelineKey) -> Iterator[ModelSet]:
        """Hold the models of a key for the duration of the block, loading what is not resident."""
        with ExitStack() as held:
            checkpoint = held.enter_context(self._use("checkpoint", key.checkpoint, key))
            nets = [held.enter_context(self._use("controlnet", source, key)) for source in key.controlnets]
            yield ModelSet(checkpoint, tuple(nets))

    @contextmanager
    def use_video(self, key: PipelineKey) -> Iterator[Resident]:
        """Hold the video model that is the checkpoint of a key."""
        with self._use("video", key.checkpoint, key) as resident:
            yield resident

    def make_room(self, needed: int) -> None:
        """Let models that are not in use leave until so many bytes are free. Raises `OutOfMemory`."""
        self._cache.make_room(needed)

    def stats(self) -> CacheStats:
        return self._cache.stats()

    def clear(self) -> None:
        """Drop every model that is not in use."""
        self._cache.clear()

    def _use(self, kind: str, source: ModelSource, key: PipelineKey) -> Any:
        place = self.placement(key)
        model_key = ModelKey(kind, source, key.variant if kind != "controlnet" else None, place.dtype)
        return self._cache.use(model_key, partial(self._load, model_key, place))

    def _load(self, key: ModelKey, place: Placement, reserve: Reserve) -> Resident:
        resolve, load = _KINDS[key.kind]
        files = resolve(key.source, key.variant)
        reserve(files.loaded_bytes(place.dtype.itemsize))
        model = load(files, key.variant, place)
        return Resident(model, files, self._hasher.submit(files.hashes))


_KINDS = {
    "checkpoint": (resolve_checkpoint, load_checkpoint),
    "controlnet": (resolve_controlnet, load_controlnet),
    "video": (resolve_video, load_video),
}


def _measured(resident: Resident) -> int:
    model = resident.model
    parts = model.components.values() if isinstance(model, DiffusionPipeline) else (model,)
    return memory.tensor_bytes(part for part in parts if isinstance(part, torch.nn.Module))
