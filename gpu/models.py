"""The models of one device: resolved, loaded, measured, kept while there is room."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from diffusers import AutoencoderKL, ControlNetModel, StableDiffusionXLImg2ImgPipeline

from gpu import memory
from gpu.cache import CacheStats, ModelCache, NotYet, Reserve
from gpu.components import Components
from gpu.compute import Engine
from gpu.device import CPU, default_dtype
from gpu.pipelines import (
    Placement,
    held_networks,
    load_checkpoint,
    load_network,
    load_video,
    networks_of,
)
from gpu.requests import ModelSource, PipelineKey
from gpu.weights import ModelFiles, resolve_checkpoint, resolve_controlnet, resolve_vae, resolve_video


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
    bytes: Mapping[torch.nn.Module, int]  # of each network
    files: ModelFiles
    hashes: Future[dict[str, str]]  # gigabytes take seconds to hash: meanwhile the first image is drawn


@dataclass(frozen=True, slots=True)
class ModelSet:
    """The models of one pipeline key, held while it runs."""

    checkpoint: Resident
    controlnets: tuple[Resident, ...] = ()
    vae: Resident | None = None
    refiner: Resident | None = None

    def hashes(self) -> dict[ModelSource, dict[str, str]]:
        """SHA-256 of the weight files of each model."""
        others = (each for each in (self.vae, self.refiner) if each is not None)
        return {
            resident.files.source: resident.hashes.result()
            for resident in (self.checkpoint, *self.controlnets, *others)
        }


class Models:
    """Checkpoints and what goes with them on a device, under a byte budget (None: a share of its memory)."""

    def __init__(self, engine: Engine, budget_bytes: int | None = None) -> None:
        self._device = device = engine.device
        self._components = Components(engine)
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
            checkpoint, *others = [held.enter_context(self._use(each)) for each in self._keys(key)]
            refiner = others.pop() if key.refiner else None
            vae = others.pop() if key.vae else None
            yield ModelSet(checkpoint, tuple(others), vae, refiner)

    @contextmanager
    def use_video(self, key: PipelineKey) -> Iterator[Resident]:
        """Hold the video model that is the checkpoint of a key."""
        with self._use(self._key("video", key.checkpoint, key)) as resident:
            yield resident

    def prefetch(self, keys: Sequence[PipelineKey]) -> None:
        """Begin to load what the first of these keys lacks that lacks any; they are in their turns' order.

        No model of the others leaves for it. The files are asked of the disk, whether there is room or not.
        """
        wanted = {model_key for key in keys for model_key in self._keys(key)}
        lacking = next((key for key in keys if not all(map(self._cache.holds, self._keys(key)))), None)
        for model_key in self._keys(lacking) if lacking else ():
            self._cache.prefetch(model_key, partial(self._load_ahead, model_key), spare=wanted)

    def make_room(self, needed: int) -> None:
        """Let models that are not in use leave until so many bytes are free. Raises `OutOfMemory`."""
        self._cache.make_room(needed)

    def stats(self) -> CacheStats:
        return self._cache.stats()

    def clear(self) -> None:
        """Drop every model that is not in use."""
        self._cache.clear()

    def _keys(self, key: PipelineKey) -> Iterator[ModelKey]:
        """The checkpoint, then the ControlNets, the autoencoder and the refiner."""
        yield self._key("checkpoint", key.checkpoint, key)
        for source in key.controlnets:
            yield self._key("controlnet", source, key)
        if key.vae:
            yield self._key("vae", key.vae, key)
        if key.refiner:
            yield self._key("refiner", key.refiner, key)

    def _key(self, kind: str, source: ModelSource, key: PipelineKey) -> ModelKey:
        variant = key.variant if kind not in ("controlnet", "vae") else None
        return ModelKey(kind, source, variant, self.placement(key).dtype)

    def _use(self, key: ModelKey) -> AbstractContextManager[Resident]:
        return self._cache.use(key, partial(self._load, key))

    def _load(self, key: ModelKey, reserve: Reserve) -> Resident:
        resolve, load = _KINDS[key.kind]
        files = resolve(key.source, key.variant)
        place = Placement(self._device, key.dtype)
        held = held_networks(files, place, self._components)  # they stay, though room is made
        reserve(files.loaded_bytes(key.dtype.itemsize, besides=held))
        model = load(files, key.variant, place, self._components)
        return Resident(model, _network_bytes(model), files, self._hasher.submit(files.hashes))

    def _load_ahead(self, key: ModelKey, reserve: Reserve) -> Resident:
        """In another thread, while the device draws."""
        files = _KINDS[key.kind][0](key.source, key.variant)
        files.read_ahead()
        if files.is_single_file:
            raise NotYet("A single file is loaded in a way that disturbs other threads.")
        if not self._components.engine.loads_ahead:
            raise NotYet("The cores that would load it are those that draw.")
        with memory.side_stream(self._device):
            return self._load(key, reserve)


_KINDS = {
    "checkpoint": (resolve_checkpoint, load_checkpoint),
    "controlnet": (resolve_controlnet, partial(load_network, kind=ControlNetModel)),
    "vae": (resolve_vae, partial(load_network, kind=AutoencoderKL)),
    "refiner": (resolve_checkpoint, partial(load_checkpoint, kind=StableDiffusionXLImg2ImgPipeline)),
    "video": (resolve_video, load_video),
}


def _network_bytes(model: Any) -> dict[torch.nn.Module, int]:
    return {network: memory.tensor_bytes([network]) for network in networks_of(model)}


def _measured(residents: Iterable[Resident]) -> int:
    """Networks that several models share count once."""
    together: dict[torch.nn.Module, int] = {}
    for resident in residents:
        together.update(resident.bytes)
    return sum(together.values())
