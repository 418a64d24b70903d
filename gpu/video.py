"""Clips with the stock Stable Video Diffusion pipeline."""

import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from diffusers import EulerDiscreteScheduler, StableVideoDiffusionPipeline
from diffusers.image_processor import VaeImageProcessor
from PIL import Image, ImageOps

from gpu.calls import generator
from gpu.clips import VideoRequest, VideoResult
from gpu.device import CPU
from gpu.errors import BrokenOutput, Canceled
from gpu.models import Models, Resident
from gpu.previews import denoised
from gpu.provenance import LIBRARIES, public_name
from gpu.requests import PipelineKey, StepEvent
from gpu.unfinished import keep, kept

OnStep = Callable[[StepEvent], None]
ShouldCancel = Callable[[], bool]
STOPPED = "The request was canceled."
RECORDED = (
    "seed", "width", "height", "num_frames", "fps", "motion_bucket_id", "noise_aug_strength",
    "num_inference_steps", "min_guidance_scale", "max_guidance_scale", "decode_chunk_size",
)  # fmt: skip


def animate(
    models: Models, device: str, request: VideoRequest, on_step: OnStep | None, should_cancel: ShouldCancel
) -> VideoResult:
    """Draw the clip, from the step that its folder has kept. Raises `Canceled`, or what drawing raises."""
    started = time.perf_counter()
    _stop_if(should_cancel)
    # float16 on a GPU is how the model was published; its autoencoder says itself whether it needs more
    key = PipelineKey(request.checkpoint, dtype="float32" if device == CPU else "float16")
    with models.use_video(key) as resident:
        course = _Course(request.folder)
        pipeline = _fresh(resident.model, course.step)
        _stop_if(should_cancel)
        loaded = time.perf_counter()
        watch = _Watch(course, on_step, should_cancel)
        image = ImageOps.fit(request.image.convert("RGB"), (request.width, request.height))
        drawn = pipeline(
            image,
            width=request.width,
            height=request.height,
            num_frames=request.num_frames,
            fps=request.fps,
            motion_bucket_id=request.motion_bucket_id,
            noise_aug_strength=request.noise_aug_strength,
            num_inference_steps=request.num_inference_steps,
            min_guidance_scale=request.min_guidance_scale,
            max_guidance_scale=request.max_guidance_scale,
            decode_chunk_size=request.decode_chunk_size,
            generator=generator(request.seed),
            latents=course.latents,
            callback_on_step_end=watch,
        )
        ended = time.perf_counter()
        timings = {
            "load_s": loaded - started,
            "denoise_s": watch.last_step_at - loaded,
            "decode_s": ended - watch.last_step_at,
            "total_s": ended - started,
        }
        record = _record(request, resident, pipeline, device)
        return VideoResult(tuple(drawn.frames[0]), record, timings, course.step)


class _Course:
    """How far a clip had come when it was stopped: `latents` after `step` steps; none and 0 at its start."""

    def __init__(self, folder: Path | None) -> None:
        self._file = folder and folder / "clip.pt"
        state = (self._file and kept(self._file)) or {"step": 0, "latents": None}
        self.step: int = state["step"]
        self.latents: torch.Tensor | None = state["latents"]

    def save(self, step: int, latents: torch.Tensor) -> None:
        if self._file:
            keep(self._file, {"step": step, "latents": latents})


class _From(EulerDiscreteScheduler):
    """Begins after the steps that are `done`.

    It says so even of the first. A schedule may begin with the same time twice, where sigmas exceed those of
    the training; diffusers then takes the second for the first, and has none left at the end.
    """

    done = 0

    def set_timesteps(self, *args: Any, **kwargs: Any) -> None:
        super().set_timesteps(*args, **kwargs)
        self.timesteps = self.timesteps[self.done :]
        self.set_begin_index(self.done)

    @property
    def init_noise_sigma(self) -> float | torch.Tensor:
        """What latents are multiplied with before the first step; those in the middle are as they are."""
        return 1.0 if self.done else super().init_noise_sigma


def _fresh(base: StableVideoDiffusionPipeline, done: int) -> StableVideoDiffusionPipeline:
    """The resident components with a scheduler of their own: a scheduler remembers its last run."""
    scheduler = _From.from_config(base.scheduler.config)
    scheduler.done = done
    pipeline = StableVideoDiffusionPipeline(**{**base.components, "scheduler": scheduler})
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _record(
    request: VideoRequest, resident: Resident, pipeline: StableVideoDiffusionPipeline, device: str
) -> dict[str, Any]:
    return {
        "mode": "video",
        "checkpoint": {
            "location": public_name(request.checkpoint),
            "revision": request.checkpoint.revision,
            "sha256": dict(resident.hashes.result()),
        },
        **{name: getattr(request, name) for name in RECORDED},
        "scheduler": EulerDiscreteScheduler.__name__,
        "device": device,
        "dtype": str(pipeline.unet.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "versions": {library: version(library) for library in (*LIBRARIES, "av")},
        "extra": dict(request.provenance),
    }


class _Watch:
    """Called by the pipeline after every step: reports progress, looks for a cancel."""

    def __init__(self, course: _Course, on_step: OnStep | None, should_cancel: ShouldCancel) -> None:
        self._course = course
        self._on_step = on_step
        self._should_cancel = should_cancel
        self._before: torch.Tensor | None = None
        self.last_step_at = time.perf_counter()

    def __call__(
        self, pipeline: StableVideoDiffusionPipeline, index: int, _timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        latents, before = tensors["latents"], self._before
        index += self._course.step
        step, steps = index + 1, self._course.step + pipeline.num_timesteps
        if step == steps and not torch.isfinite(latents).all():
            raise BrokenOutput("The model computed NaN instead of a clip; use a lower guidance scale.")
        self.last_step_at = time.perf_counter()
        if self._on_step is not None:
            event = StepEvent(step, steps, lambda: [_first_frame(pipeline, latents, before, index)])
            self._on_step(event)
        self._before = latents
        if self._should_cancel():
            self._course.save(step, latents)
            raise Canceled(STOPPED)
        return tensors


@torch.no_grad()
def _first_frame(
    pipeline: StableVideoDiffusionPipeline, latents: torch.Tensor, before: torch.Tensor | None, index: int
) -> Image.Image:
    vae = pipeline.vae
    frame = denoised(latents, before, pipeline.scheduler, index)[:, 0]
    decoded = vae.decode((frame / vae.config.scaling_factor).to(vae.dtype), num_frames=1).sample
    return VaeImageProcessor().postprocess(decoded.float().nan_to_num())[0]


def _stop_if(should_cancel: ShouldCancel) -> None:
    if should_cancel():
        raise Canceled(STOPPED)
