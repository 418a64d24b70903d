"""From checked files to the stock diffusers pipelines."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import diffusers
import torch
import transformers
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    DiffusionPipeline,
    SchedulerMixin,
    StableDiffusionXLControlNetImg2ImgPipeline,
    StableDiffusionXLControlNetInpaintPipeline,
    StableDiffusionXLControlNetPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
    StableDiffusionXLPipeline,
    StableVideoDiffusionPipeline,
)

from gpu import schedulers
from gpu.components import Components
from gpu.errors import GpuError, ModelIncomplete, translated
from gpu.requests import PipelineMode
from gpu.weights import ModelFiles

Network = TypeVar("Network", ControlNetModel, AutoencoderKL)
PIPELINES: dict[tuple[PipelineMode, bool], type[DiffusionPipeline]] = {
    (PipelineMode.TEXT_TO_IMAGE, False): StableDiffusionXLPipeline,
    (PipelineMode.IMAGE_TO_IMAGE, False): StableDiffusionXLImg2ImgPipeline,
    (PipelineMode.INPAINT, False): StableDiffusionXLInpaintPipeline,
    (PipelineMode.TEXT_TO_IMAGE, True): StableDiffusionXLControlNetPipeline,
    (PipelineMode.IMAGE_TO_IMAGE, True): StableDiffusionXLControlNetImg2ImgPipeline,
    (PipelineMode.INPAINT, True): StableDiffusionXLControlNetInpaintPipeline,
}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where models live and in which dtype."""

    device: str
    dtype: torch.dtype


def quieten() -> None:
    """No progress bars and only errors from the libraries: a worker's log belongs to the worker."""
    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()


def load_checkpoint(
    files: ModelFiles,
    variant: str | None,
    place: Placement,
    components: Components,
    kind: type[DiffusionPipeline] = StableDiffusionXLPipeline,
) -> DiffusionPipeline:
    """All components of a checkpoint on the device, wrapped as a pipeline of this kind.

    Raises `ModelIncomplete` if the files do not make up a model, `OutOfMemory`, `DeviceFault`.
    """
    options = {"local_files_only": True, "add_watermarker": False}
    try:
        if files.is_single_file:
            pipeline = kind.from_single_file(
                str(files.path), config=str(files.config), dtype=place.dtype, **options
            )
            _demand_dtype(pipeline, place.dtype)
            pipeline.to(place.device)
            for network in networks_of(pipeline):
                components.engine.prepare(network)
        else:
            networks = {part.name: components.get(part, place.dtype) for part in files.networks()}
            pipeline = kind.from_pretrained(str(files.path), **networks, **options)
    except Exception as error:
        raise _load_error(files, error) from error
    return pipeline


def load_video(
    files: ModelFiles, variant: str | None, place: Placement, components: Components
) -> StableVideoDiffusionPipeline:
    """All components of a video model on the device. Raises as `load_checkpoint` does."""
    try:
        networks = {part.name: components.get(part, place.dtype) for part in files.networks()}
        return StableVideoDiffusionPipeline.from_pretrained(
            str(files.path), **networks, local_files_only=True
        )
    except Exception as error:
        raise _load_error(files, error) from error


def load_network(
    files: ModelFiles, variant: str | None, place: Placement, components: Components, kind: type[Network]
) -> Network:
    """A ControlNet or an autoencoder on the device. Raises as `load_checkpoint` does."""
    try:
        if not files.is_single_file:
            return components.get(next(files.networks()), place.dtype)
        model = kind.from_single_file(
            str(files.path), config=str(files.config), dtype=place.dtype, local_files_only=True
        )
        components.engine.prepare(model.to(place.device))
        return model
    except Exception as error:
        raise _load_error(files, error) from error


def networks_of(model: DiffusionPipeline | torch.nn.Module) -> list[torch.nn.Module]:
    """The networks of a pipeline, or the one that stands for itself."""
    parts = model.components.values() if isinstance(model, DiffusionPipeline) else (model,)
    return [part for part in parts if isinstance(part, torch.nn.Module)]


def held_networks(files: ModelFiles, place: Placement, components: Components) -> dict[Path, torch.nn.Module]:
    """The networks of a model that are on the device already, as parts of others, by their weights."""
    if files.is_single_file:
        return {}
    held = ((part, components.held(part, place.dtype)) for part in files.networks())
    return {path: network for part, network in held if network is not None for path in part.weights}


def assemble(
    base: StableDiffusionXLPipeline,
    mode: PipelineMode,
    controlnets: Sequence[ControlNetModel],
    scheduler: SchedulerMixin,
    vae: AutoencoderKL | None = None,
) -> DiffusionPipeline:
    """The stock pipeline for a mode around the components of `base`, which stay shared and unchanged."""
    extra = (
        {"controlnet": controlnets[0] if len(controlnets) == 1 else list(controlnets)} if controlnets else {}
    )
    return _around(base, PIPELINES[mode, bool(controlnets)], scheduler, vae or base.vae, **extra)


def assemble_refiner(
    refiner: StableDiffusionXLImg2ImgPipeline, scheduler: SchedulerMixin, vae: AutoencoderKL
) -> StableDiffusionXLImg2ImgPipeline:
    """The stock pipeline that goes on from latents, with the autoencoder of the base; as `assemble` does."""
    return _around(refiner, StableDiffusionXLImg2ImgPipeline, scheduler, vae)


def _around(
    base: DiffusionPipeline,
    kind: type[DiffusionPipeline],
    scheduler: SchedulerMixin,
    vae: AutoencoderKL,
    **extra: Any,
) -> DiffusionPipeline:
    """What `from_pipe` makes in 14 ms. Made for each request: a kept one would keep evicted models alive."""
    accepted = inspect.signature(kind).parameters
    known = {**base.config, **base.components}
    parts = {name: known[name] for name in accepted if name in known}
    pipeline = kind(**{**parts, "scheduler": scheduler, "vae": vae, "add_watermarker": False, **extra})
    pipeline.vae.enable_slicing()  # decoding one image at a time bounds the peak of a batch
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def make_scheduler(base: StableDiffusionXLPipeline, name: str | None) -> SchedulerMixin:
    """A fresh scheduler by name, or of the checkpoint's own kind, configured for the checkpoint.

    Raises `UnknownScheduler`.
    """
    own = base.scheduler
    if name is None:
        return type(own).from_config(own.config)
    class_name, options = schedulers.recipe(name)
    return getattr(diffusers, class_name).from_config(own.config, **options)


def _demand_dtype(pipeline: DiffusionPipeline, dtype: torch.dtype) -> None:
    # transformers 5 follows the dtype of a config over the one it was asked for in some paths
    for network in networks_of(pipeline):
        if network.dtype != dtype:
            network.to(dtype)


def _load_error(files: ModelFiles, error: Exception) -> GpuError:
    named = translated(error)
    if isinstance(named, GpuError):
        return named
    return ModelIncomplete(
        f"{files.path.name} cannot be loaded ({str(error).splitlines()[0] if str(error) else error!r});"
        " its files do not fit together, so copy or download the model again."
    )
