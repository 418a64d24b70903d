"""SDXL on this process's own device, through `gpu.runner`."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from gpu.clips import VideoRequest, VideoResult
from gpu.device import default_dtype
from gpu.errors import Decision, DeviceFault, GpuError
from gpu.requests import Adapter, InferenceRequest, InferenceResult, ModelSource, PipelineKey
from gpu.training_requests import TrainingRequest, TrainingResult

from .. import identity
from .generator import Capability, OnStep, ShouldCancel, check_capabilities

ITEM_BYTES = {"float32": 4, "bfloat16": 2}


class LocalSdxlConfig(BaseModel):
    """Which device, how many bytes of models may stay on it (None: what is measured to be free), and how it
    computes (`gpu.compute.Compute`)."""

    model_config = ConfigDict(frozen=True)

    device: str
    budget_bytes: int | None = None
    compile: bool = False
    tf32: bool = False

    @classmethod
    def from_environment(cls) -> "LocalSdxlConfig":
        return cls(
            device=identity.DEVICE,
            budget_bytes=identity.MEMORY_BYTES,
            compile=identity.COMPILE,
            tf32=identity.TF32,
        )


class NoDevice(GpuError):
    """A pool without a device was given a picture to draw; another pool may have one."""

    code = "no_device"
    decision = Decision.TRANSIENT


class LocalSdxl:
    """The stock diffusers pipelines with resident models."""

    name = "local_sdxl"
    capabilities = frozenset(Capability)

    def __init__(self, config: LocalSdxlConfig) -> None:
        self.config = config
        self._runner: Any = None

    def start(self) -> None:
        if self.config.device in ("none", "network"):
            raise NoDevice(f"The pool {identity.POOL!r} has no device; give it one in pools.toml.")
        from gpu.compute import Compute  # noqa: PLC0415  the one place where a worker imports torch
        from gpu.runner import Runner  # noqa: PLC0415

        try:
            self._runner = Runner(
                device=self.config.device,
                budget_bytes=self.config.budget_bytes,
                compute=Compute(compile=self.config.compile, tf32=self.config.tf32),
            )
        except Exception as error:  # whatever it is, this process will not draw; another pool may
            raise DeviceFault(f"The device {self.config.device} cannot be used: {error}") from error

    def generate(
        self, request: InferenceRequest, on_step: OnStep, should_cancel: ShouldCancel
    ) -> InferenceResult:
        check_capabilities(self, request)
        return self._runner.run(request, on_step=on_step, should_cancel=should_cancel)

    def warm_up(self, sources: Sequence[ModelSource]) -> None:
        """What the first picture would wait for, done before anything is claimed."""
        self._runner.warm_up(sources)

    def prefetch(self, keys: Sequence[PipelineKey], adapters: Sequence[Adapter] = ()) -> None:
        """What the next requests are going to use, in their order, read while this one is drawn."""
        self._runner.prefetch(keys, adapters)

    def train(self, request: TrainingRequest, on_step: OnStep, should_cancel: ShouldCancel) -> TrainingResult:
        """Train a LoRA on a checkpoint that this process keeps."""
        return self._runner.train(request, on_step, should_cancel)

    def animate(self, request: VideoRequest, on_step: OnStep, should_cancel: ShouldCancel) -> VideoResult:
        check_capabilities(self, request)
        return self._runner.animate(request, on_step=on_step, should_cancel=should_cancel)

    def health(self) -> dict[str, Any]:
        return {"memory": self._runner.memory(), "resident": self._runner.resident()}

    def capacity(self) -> int:
        """How many numbers the models of a request may hold together, in the dtype of this device."""
        item_bytes = ITEM_BYTES[default_dtype(self.config.device)]
        return self._runner.memory()["budget_bytes"] // item_bytes

    def stop(self) -> None:
        self._runner.close()
