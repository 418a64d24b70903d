"""A pipeline that costs what a real one would and draws a flat colour: for tests and benchmarks."""

import os
import time
from typing import Any

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from gpu.clips import VideoRequest, VideoResult
from gpu.errors import Canceled
from gpu.provenance import public_name
from gpu.requests import InferenceRequest, InferenceResult, StepEvent

from .generator import Capability, OnStep, ShouldCancel, check_capabilities


class MockConfig(BaseModel):
    """The cost model, in seconds; all zero is a no-op. `ATELIER_MOCK` holds it as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    load_seconds: float = Field(default=0.0, ge=0)  # a checkpoint that is not resident
    lora_seconds: float = Field(default=0.0, ge=0)  # each adapter
    step_seconds: float = Field(default=0.0, ge=0)  # each step of a picture
    resident: int = Field(default=1, ge=1)  # checkpoints that stay loaded

    @classmethod
    def from_environment(cls) -> "MockConfig":
        return cls.model_validate_json(os.environ.get("ATELIER_MOCK", "{}"))


class Mock:
    """Sleeps its cost model; the colour follows from the seed."""

    name = "mock"
    capabilities = frozenset(Capability)

    def __init__(self, config: MockConfig) -> None:
        self.config = config
        self._resident: list[str] = []  # most recently used last
        self._ended = time.monotonic()

    def start(self) -> None:
        """Nothing to load before the first request."""

    def generate(
        self, request: InferenceRequest, on_step: OnStep, should_cancel: ShouldCancel
    ) -> InferenceResult:
        check_capabilities(self, request)
        began = time.monotonic()
        idle = began - self._ended
        self._load(public_name(request.key.checkpoint))
        time.sleep(self.config.lora_seconds * len(request.adapters))
        loaded = time.monotonic()
        images = [_flat(seed, request.width, request.height) for seed in request.seeds]
        self._steps(request.num_inference_steps, images, on_step, should_cancel)
        provenance = tuple(
            {"generator": self.name, "prompt": prompt, "seed": seed, "extra": dict(request.provenance)}
            for prompt, seed in zip(request.prompts, request.seeds, strict=True)
        )
        self._ended = time.monotonic()
        timings = {"idle_s": idle, "load_s": loaded - began, "total_s": self._ended - began}
        return InferenceResult(tuple(images), provenance, timings)

    def animate(self, request: VideoRequest, on_step: OnStep, should_cancel: ShouldCancel) -> VideoResult:
        check_capabilities(self, request)
        began = time.monotonic()
        self._load(public_name(request.checkpoint))
        frames = [_flat(request.seed, request.width, request.height)] * request.num_frames
        self._steps(request.num_inference_steps, frames, on_step, should_cancel)
        provenance = {"generator": self.name, "seed": request.seed, "extra": dict(request.provenance)}
        return VideoResult(tuple(frames), provenance, {"total_s": time.monotonic() - began})

    def _steps(
        self, steps: int, images: list[Image.Image], on_step: OnStep, should_cancel: ShouldCancel
    ) -> None:
        for step in range(1, steps + 1):
            if should_cancel():
                raise Canceled
            time.sleep(self.config.step_seconds * len(images))
            on_step(StepEvent(step, steps, lambda: images))

    def health(self) -> dict[str, Any]:
        return {"memory": {}, "resident": list(self._resident)}

    def stop(self) -> None:
        self._resident.clear()

    def _load(self, checkpoint: str) -> None:
        if checkpoint in self._resident:
            self._resident.remove(checkpoint)
        else:
            time.sleep(self.config.load_seconds)
        self._resident = [*self._resident, checkpoint][-self.config.resident :]


def _flat(seed: int, width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), (seed * 47 % 256, seed * 89 % 256, seed * 131 % 256))
