"""What a generator is: something that turns an inference request into pictures."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol

from gpu.clips import VideoRequest, VideoResult
from gpu.errors import Decision, GpuError
from gpu.requests import InferenceRequest, InferenceResult, StepEvent

OnStep = Callable[[StepEvent], None]
ShouldCancel = Callable[[], bool]


class Capability(StrEnum):
    """What a request may need."""

    IMAGE_TO_IMAGE = "image_to_image"
    CONTROLNET = "controlnet"
    NEGATIVE_PROMPTS = "negative_prompts"
    SEEDS = "seeds"
    CUSTOM_SCHEDULERS = "custom_schedulers"
    LORA = "lora"
    VIDEO = "video"


class UnknownGenerator(GpuError):
    """A workflow names a generator that does not exist."""

    code = "unknown_generator"
    decision = Decision.CALLER


class MissingCapability(GpuError):
    """A request needs something that its generator cannot do."""

    code = "missing_capability"
    decision = Decision.CALLER


class ImageGenerator(Protocol):
    """Started once per process, then used for one request at a time."""

    name: str
    capabilities: frozenset[Capability]

    def start(self) -> None:
        """Get ready; import heavy libraries here and not before."""
        ...

    def generate(
        self, request: InferenceRequest, on_step: OnStep, should_cancel: ShouldCancel
    ) -> InferenceResult:
        """Make the pictures. Raises: gpu.errors.GpuError, gpu.errors.Canceled (asked between steps)."""
        ...

    def animate(self, request: VideoRequest, on_step: OnStep, should_cancel: ShouldCancel) -> VideoResult:
        """Make a clip. Raises: as `generate`."""
        ...

    def health(self) -> dict[str, Any]:
        """`memory` in bytes and `resident` models."""
        ...

    def stop(self) -> None:
        """Let go of everything."""
        ...


def needed(request: InferenceRequest | VideoRequest) -> set[Capability]:
    """What this request asks of a generator."""
    if isinstance(request, VideoRequest):
        return {Capability.VIDEO, Capability.SEEDS}
    wishes = {
        Capability.IMAGE_TO_IMAGE: request.image is not None,
        Capability.CONTROLNET: bool(request.controls),
        Capability.NEGATIVE_PROMPTS: any(request.negative_prompts),
        Capability.SEEDS: True,
        Capability.CUSTOM_SCHEDULERS: request.scheduler is not None,
        Capability.LORA: bool(request.adapters),
    }
    return {capability for capability, wanted in wishes.items() if wanted}


def check_capabilities(generator: ImageGenerator, request: InferenceRequest | VideoRequest) -> None:
    """Raises: MissingCapability naming what the generator lacks."""
    missing = needed(request) - generator.capabilities
    if missing:
        raise MissingCapability(
            f"The generator {generator.name!r} cannot do {', '.join(sorted(missing))}; use another workflow."
        )
