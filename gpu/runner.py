"""One device, one runner: from a request to pictures."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from diffusers import AutoencoderKL, DiffusionPipeline
from PIL import Image

from gpu import calls, device, memory, provenance, training, video
from gpu.adapters import AdapterStore, attached
from gpu.clips import VideoRequest, VideoResult
from gpu.compute import Compute, Engine
from gpu.device import CPU
from gpu.errors import BrokenOutput, Canceled, InvalidRequest, OutOfMemory, translated
from gpu.models import Models, ModelSet
from gpu.pipelines import assemble, assemble_refiner, make_scheduler, quieten
from gpu.previews import denoised, pictures
from gpu.requests import (
    Adapter,
    InferenceRequest,
    InferenceResult,
    ModelSource,
    PipelineKey,
    StepEvent,
    strength_of,
)
from gpu.training_requests import TrainingRequest, TrainingResult
from gpu.weights import LoraInfo

OnStep = Callable[[StepEvent], None]
ShouldCancel = Callable[[], bool]


class Runner:
    """Makes pictures on one device. One at a time: not for several threads.

    Parameters:
        device: "cpu" or "cuda:N"; None is the device this process is bound to
        budget_bytes: what loaded models may take; None is a share of the device's memory
        compute: how the device computes
    """

    def __init__(
        self,
        device: str | None = None,
        budget_bytes: int | None = None,
        compute: Compute = Compute(),  # noqa: B008  frozen
    ) -> None:
        quieten()
        self._device = _usable(device)
        self._engine = Engine(self._device, compute)
        self._models = Models(self._engine, budget_bytes)
        self._adapters = AdapterStore(pinned=self._device != CPU)

    def run(
        self,
        request: InferenceRequest,
        on_step: OnStep | None = None,
        should_cancel: ShouldCancel | None = None,
    ) -> InferenceResult:
        """Draw the request's images in one pipeline call.

        `on_step` hears of every denoising step; `should_cancel` is asked before loading, before drawing
        and after every step.
        Raises `Canceled` when it says so, or a `gpu.errors.GpuError` that says whose fault it was; the
        models stay as they were, and the next request works unless the decision is FATAL. Out of memory
        drops all models, so that a smaller request finds the whole device.
        """
        with self._named_errors():
            return self._run(request, on_step, should_cancel or (lambda: False))

    def train(self, request: TrainingRequest, on_step: OnStep, should_cancel: ShouldCancel) -> TrainingResult:
        """Train a LoRA on a checkpoint, which stays as it was; see `gpu.training`. Raises as `run` does."""
        with self._named_errors(), self._models.use(request.key) as models, self._engine.eager():
            return training.train(models.checkpoint.model, request, on_step, should_cancel)

    def animate(
        self,
        request: VideoRequest,
        on_step: OnStep | None = None,
        should_cancel: ShouldCancel | None = None,
    ) -> VideoResult:
        """Draw a clip; progress, cancel and errors as in `run`."""
        wanted = should_cancel or (lambda: False)
        with self._named_errors():
            return video.animate(self._models, self._device, request, on_step, wanted)

    def warm_up(self, sources: Sequence[ModelSource] = ()) -> None:
        """Do once what the first picture would wait for; of these checkpoints, draw a picture of one step.

        It has the size that the checkpoint was trained for. Raises as `run` does.
        """
        with self._named_errors():
            self._engine.warm_up()
        for source in sources:
            key = PipelineKey(source)
            with self._named_errors(), self._models.use(key) as models:
                base = models.checkpoint.model
                side = base.unet.config.sample_size * base.vae_scale_factor
            self.run(InferenceRequest(key, ("",), (0,), width=side, height=side, num_inference_steps=1))

    def prefetch(self, keys: Sequence[PipelineKey], adapters: Sequence[Adapter] = ()) -> None:
        """Begin to read what the next requests are going to use, in their order, while this one is drawn.

        Models go to the device where there is room beside those of all `keys` and those in use, LoRAs to main
        memory. Nothing is raised: what is wrong with a file is said to the request that needs it.
        """
        self._models.prefetch(keys)
        self._adapters.prefetch([adapter.source for adapter in adapters])

    def resident(self) -> list[str]:
        """Public names of the loaded models, the most recently used one last."""
        keys = self._models.stats().keys
        return [provenance.public_name(source) for source in dict.fromkeys(key.source for key in keys)]

    def memory(self) -> dict[str, Any]:
        """Bytes of models, of LoRAs kept on the CPU, of this process, free on the device; cache counts."""
        stats = self._models.stats()
        return {
            "device": self._device,
            "model_bytes": stats.bytes,
            "budget_bytes": stats.budget,
            "adapter_bytes": self._adapters.bytes(),
            "process_bytes": memory.process_bytes(),
            "free_bytes": memory.free_bytes(self._device),
            "hits": stats.hits,
            "misses": stats.misses,
            "evictions": stats.evictions,
        }

    def close(self) -> None:
        """Drop all models. The runner can still be used: it loads them again."""
        self._models.clear()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Whatever fails in the block gets its name; out of memory drops all models."""
        try:
            yield
        except Exception as error:
            named = translated(error)
            if isinstance(named, OutOfMemory):
                self._models.clear()
            if named is error:
                raise
            raise named from error

    def _run(
        self, request: InferenceRequest, on_step: OnStep | None, should_cancel: ShouldCancel
    ) -> InferenceResult:
        started = time.perf_counter()
        _stop_if(should_cancel)
        with self._models.use(request.key) as models:
            base = models.checkpoint.model
            scheduler = make_scheduler(base, request.scheduler)
            nets = [net.model for net in models.controlnets]
            pipeline = assemble(base, request.key.mode, nets, scheduler, models.vae and models.vae.model)
            arguments, start = calls.arguments(request), request.refiner_start
            with attached(pipeline, request.adapters, self._adapters, self._models.make_room) as loras:
                _stop_if(should_cancel)
                loaded = time.perf_counter()
                watch = _StepWatch(pipeline.vae, on_step, should_cancel)
                first = calls.begun(arguments, start) if models.refiner else arguments
                drawn = self._draw(request, pipeline, first, watch)
            if models.refiner:
                refiner = assemble_refiner(
                    models.refiner.model, make_scheduler(base, request.scheduler), pipeline.vae
                )
                drawn = self._draw(request, refiner, calls.refined(arguments, start, drawn), watch)
            images = calls.finished(request, drawn)
            ended = time.perf_counter()
            timings = {
                "load_s": loaded - started,
                "denoise_s": watch.last_step_at - loaded,
                "decode_s": ended - watch.last_step_at,
                "total_s": ended - started,
            }
            return InferenceResult(images, self._records(request, models, loras, pipeline), timings)

    def _draw(
        self,
        request: InferenceRequest,
        pipeline: DiffusionPipeline,
        arguments: dict[str, Any],
        watch: "_StepWatch",
    ) -> torch.Tensor:
        width, height = request.width, request.height
        with (
            self._engine.drawing(len(request.seeds), width, height),
            self._engine.decoding(pipeline.vae, width, height),
        ):
            return pipeline(**arguments, callback_on_step_end=watch).images

    def _records(
        self,
        request: InferenceRequest,
        models: ModelSet,
        loras: tuple[LoraInfo, ...],
        pipeline: DiffusionPipeline,
    ) -> tuple[dict[str, Any], ...]:
        dtype = self._models.placement(request.key).dtype
        facts = {
            "scheduler": request.scheduler or type(pipeline.scheduler).__name__,
            "strength": strength_of(request),
            "device": self._device,
            "device_name": _device_name(self._device),
            "dtype": str(dtype).removeprefix("torch."),
            "threads": torch.get_num_threads(),
            "compiled": self._engine.compute.compile,
        }
        return provenance.records(request, models.hashes(), loras, facts)


class _StepWatch:
    """Called by the pipeline after every step: reports progress, looks for a cancel."""

    def __init__(self, vae: AutoencoderKL, on_step: OnStep | None, should_cancel: ShouldCancel) -> None:
        self._vae = vae
        self._on_step = on_step
        self._should_cancel = should_cancel
        self._before: torch.Tensor | None = None
        self._done = 0  # steps of the pipeline before
        self.last_step_at = time.perf_counter()

    def __call__(
        self, pipeline: DiffusionPipeline, index: int, _timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        latents = tensors["latents"]
        step, steps = self._done + index + 1, self._done + pipeline.num_timesteps + _left_over(pipeline)
        if step == steps and not torch.isfinite(latents).all():
            raise BrokenOutput(
                "The model computed NaN instead of a picture; use dtype bfloat16 or float32,"
                " a lower guidance scale, or other adapters."
            )
        self.last_step_at = time.perf_counter()
        if self._on_step is not None:
            preview = partial(self._images, latents, self._before, pipeline.scheduler, index)
            self._on_step(StepEvent(step, steps, preview))
        self._before = latents
        if index + 1 == pipeline.num_timesteps:
            self._done = step
        _stop_if(self._should_cancel)
        return tensors

    def _images(self, *path: Any) -> list[Image.Image]:
        return pictures(self._vae, denoised(*path))


def _left_over(pipeline: DiffusionPipeline) -> int:
    """Steps of the schedule that a pipeline leaves to a refiner, told as diffusers does."""
    end = getattr(pipeline, "denoising_end", None)
    if end is None:
        return 0
    scheduler = pipeline.scheduler
    trained = scheduler.config.num_train_timesteps
    left = int((scheduler.timesteps < round(trained - end * trained)).sum())
    return left + (scheduler.order == 2 and left % 2 == 0)  # no half of a step of two


def _stop_if(should_cancel: ShouldCancel) -> None:
    if should_cancel():
        raise Canceled("The request was canceled.")


def _usable(name: str | None) -> str:
    chosen = device.torch_device(name)
    if chosen == device.CPU:
        return chosen
    if not torch.cuda.is_available() or int(chosen.partition(":")[2]) >= torch.cuda.device_count():
        raise InvalidRequest(f"This process sees no device {chosen}; bind it to one of {device.detect()}.")
    return chosen


def _device_name(name: str) -> str:
    return name if name == device.CPU else torch.cuda.get_device_name(name)
