"""What may be asked of `gpu`, and what it answers: frozen values that any process can build.

Importable without torch. Everything is checked on construction, so a request that exists is valid.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from PIL import Image

from gpu.errors import InvalidRequest

SIZE_MULTIPLE = 8  # pixels per latent cell of the SDXL autoencoder
MIN_SIDE, MAX_SIDE = 64, 4096  # pixels
MAX_PIXELS = 2048 * 2048  # per image; attention memory grows with the square beyond it
MAX_IMAGES = 64  # per request
MAX_STEPS = 200
MAX_GUIDANCE = 50.0
MAX_PROMPT = 10_000  # characters; the text encoders read 77 tokens
MAX_SEED = 2**63 - 1
MAX_CONTROL_SCALE = 5.0
MAX_ADAPTERS = 8
MAX_ADAPTER_WEIGHT = 10.0
DEFAULT_REFINER_START = 0.8  # what the refiner of SDXL was trained for
DTYPES = ("auto", "float32", "float16", "bfloat16")


class PipelineMode(StrEnum):
    TEXT_TO_IMAGE = "text2img"
    IMAGE_TO_IMAGE = "img2img"
    INPAINT = "inpaint"


class Preprocessor(StrEnum):
    """How a control image is prepared."""

    CANNY = "canny"  # white edges on black, found by OpenCV


DEFAULT_STRENGTH: Mapping[PipelineMode, float] = {
    PipelineMode.IMAGE_TO_IMAGE: 0.8,
    PipelineMode.INPAINT: 1.0,
}


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where weights come from: a folder, a single `.safetensors` file, or a hub id "org/name".

    A hub id needs `revision`, the full commit hash, so that the same request always means the same weights.
    """

    location: str
    revision: str | None = None

    def __post_init__(self) -> None:
        _require(isinstance(self.location, str) and self.location.strip() != "", "A model needs a location.")


@dataclass(frozen=True, slots=True)
class PipelineKey:
    """Which models run and how: requests with equal keys share everything that is loaded."""

    checkpoint: ModelSource
    controlnets: tuple[ModelSource, ...] = ()
    mode: PipelineMode = PipelineMode.TEXT_TO_IMAGE
    dtype: str = "auto"
    variant: str | None = None  # "fp16" picks files like model.fp16.safetensors
    vae: ModelSource | None = None  # instead of the checkpoint's own
    refiner: ModelSource | None = None  # a second checkpoint, which finishes what the first one begins

    def __post_init__(self) -> None:
        _require(self.dtype in DTYPES, f"dtype is {self.dtype!r}; use one of {', '.join(DTYPES)}.")
        modes = ", ".join(PipelineMode)
        _require(self.mode in set(PipelineMode), f"mode is {self.mode!r}; use one of {modes}.")
        object.__setattr__(self, "mode", PipelineMode(self.mode))


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA: a `.safetensors` file or a folder holding exactly one, and how strongly it acts."""

    source: str
    weight: float = 1.0
    name: str = ""  # for people and provenance; need not be unique

    def __post_init__(self) -> None:
        _require(self.source != "", "An adapter needs a source.")
        _require_number("adapter weight", self.weight, -MAX_ADAPTER_WEIGHT, MAX_ADAPTER_WEIGHT)


@dataclass(frozen=True, slots=True)
class Control:
    """The picture that steers one ControlNet, between `start` and `end` (fractions of all steps)."""

    image: Image.Image
    scale: float = 1.0
    start: float = 0.0
    end: float = 1.0
    preprocessor: str | None = None  # a `Preprocessor`; None uses the image as it is

    def __post_init__(self) -> None:
        _require_image("control image", self.image)
        _require_number("control scale", self.scale, 0.0, MAX_CONTROL_SCALE)
        _require_number("control start", self.start, 0.0, 1.0)
        _require_number("control end", self.end, 0.0, 1.0)
        _require(self.start < self.end, f"control start {self.start} must be below control end {self.end}.")
        known = ", ".join(Preprocessor)
        _require(
            self.preprocessor is None or self.preprocessor in set(Preprocessor),
            f"preprocessor is {self.preprocessor!r}; use one of {known}, or none.",
        )


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """One pipeline call: a batch of images that share everything but prompt and seed.

    `image` and `mask` are scaled to `width` x `height`; white in the mask is painted anew.
    Raises `InvalidRequest` with a sentence naming the field.
    """

    key: PipelineKey
    prompts: tuple[str, ...]
    seeds: tuple[int, ...]
    negative_prompts: tuple[str, ...] = ()  # none, or one per image
    width: int = 1024
    height: int = 1024
    num_inference_steps: int = 30
    guidance_scale: float = 5.0
    scheduler: str | None = None  # a name in `gpu.schedulers.SCHEDULERS`; None is the checkpoint's own
    image: Image.Image | None = None
    mask: Image.Image | None = None
    strength: float | None = None  # None is `DEFAULT_STRENGTH` of the mode
    controls: tuple[Control, ...] = ()
    adapters: tuple[Adapter, ...] = ()  # of the checkpoint; the refiner draws without
    refiner_start: float = DEFAULT_REFINER_START  # of the noise schedule: from there on the refiner draws
    provenance: Mapping[str, Any] = field(default_factory=dict)  # recorded with every image as "extra"

    def __post_init__(self) -> None:
        _check_texts(self)
        _check_numbers(self)
        _check_pictures(self)
        _check_models(self)
        _check_refiner(self)


@dataclass(frozen=True, slots=True)
class StepEvent:
    """Sent after each denoising step; `preview()` makes one rough small picture per image, only if called."""

    step: int  # 1 .. steps
    steps: int
    preview: Callable[[], list[Image.Image]]


@dataclass(frozen=True, slots=True)
class InferenceResult:
    """The pictures in the order of the seeds, a record of how each was made, and seconds by phase.

    `timings` has load_s, denoise_s, decode_s and total_s.
    """

    images: tuple[Image.Image, ...]
    provenance: tuple[dict[str, Any], ...]
    timings: dict[str, float]


def drawable_size(width: int, height: int) -> tuple[int, int]:
    """The smallest size that can be drawn and holds this one."""
    across, down = (max(MIN_SIDE, -(-side // SIZE_MULTIPLE) * SIZE_MULTIPLE) for side in (width, height))
    return across, down


def _check_texts(request: InferenceRequest) -> None:
    count = len(request.prompts)
    _require(1 <= count <= MAX_IMAGES, f"{count} prompts given; give 1 to {MAX_IMAGES}.")
    seeds, negatives = len(request.seeds), len(request.negative_prompts)
    _require(seeds == count, f"{seeds} seeds for {count} prompts; give one seed per prompt.")
    _require(
        negatives in (0, count),
        f"{negatives} negative prompts for {count} prompts; give none or one per prompt.",
    )
    for text in (*request.prompts, *request.negative_prompts):
        _require(isinstance(text, str), "Every prompt must be text.")
        _require(len(text) <= MAX_PROMPT, f"A prompt has {len(text)} characters; {MAX_PROMPT} are allowed.")


def _check_numbers(request: InferenceRequest) -> None:
    for name, value in (("width", request.width), ("height", request.height)):
        _require_integer(name, value, MIN_SIDE, MAX_SIDE)
        _require(value % SIZE_MULTIPLE == 0, f"{name} is {value}; use a multiple of {SIZE_MULTIPLE}.")
    _require(
        request.width * request.height <= MAX_PIXELS,
        f"{request.width}x{request.height} is too large; ask for at most {MAX_PIXELS} pixels.",
    )
    for seed in request.seeds:
        _require_integer("seed", seed, 0, MAX_SEED)
    _require_integer("num_inference_steps", request.num_inference_steps, 1, MAX_STEPS)
    _require_number("guidance_scale", request.guidance_scale, 0.0, MAX_GUIDANCE)
    if request.strength is not None:
        _require_number("strength", request.strength, 0.0, 1.0)
        _require(
            int(request.num_inference_steps * request.strength) >= 1,
            f"strength {request.strength} of {request.num_inference_steps} steps leaves nothing to do;"
            " raise one of them.",
        )


def _check_pictures(request: InferenceRequest) -> None:
    mode = request.key.mode
    for name in ("image", "mask"):
        if getattr(request, name) is not None:
            _require_image(name, getattr(request, name))
    _require(request.mask is None or request.image is not None, "A mask needs an image.")
    if mode is PipelineMode.TEXT_TO_IMAGE:
        _require(request.image is None, "text2img takes no image; use img2img or inpaint.")
        _require(request.strength is None, "text2img takes no strength; leave it out.")
    if mode is PipelineMode.IMAGE_TO_IMAGE:
        _require(request.image is not None, "img2img needs an image.")
        _require(request.mask is None, "img2img takes no mask; use inpaint.")
    if mode is PipelineMode.INPAINT:
        _require(request.image is not None and request.mask is not None, "inpaint needs an image and a mask.")


def strength_of(request: InferenceRequest) -> float | None:
    """How much of the given image is replaced; None without one."""
    return DEFAULT_STRENGTH.get(request.key.mode) if request.strength is None else request.strength


def _check_refiner(request: InferenceRequest) -> None:
    key, start, strength = request.key, request.refiner_start, strength_of(request)
    _require_number("refiner_start", start, 0.0, 1.0)
    if key.refiner is None:
        return
    _require(0 < start < 1, f"refiner_start is {start}; use a number between 0 and 1.")
    _require(
        not key.controlnets or key.mode is PipelineMode.TEXT_TO_IMAGE,
        "A refiner cannot finish what ControlNets make of an image; leave one of the three out.",
    )
    _require(
        strength is None or strength + start > 1,
        f"strength {strength} leaves everything to the refiner, which begins at {start}; raise one of them.",
    )


def _check_models(request: InferenceRequest) -> None:
    controls, controlnets = len(request.controls), len(request.key.controlnets)
    _require(
        controls == controlnets,
        f"{controls} controls for {controlnets} ControlNets; give one control for each.",
    )
    _require(
        len(request.adapters) <= MAX_ADAPTERS,
        f"{len(request.adapters)} adapters given; {MAX_ADAPTERS} are allowed.",
    )


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise InvalidRequest(sentence)


def _require_image(name: str, value: Any) -> None:
    _require(isinstance(value, Image.Image), f"{name} must be a PIL image.")
    _require(min(value.size) >= 1, f"{name} is empty.")


def _require_integer(name: str, value: Any, low: int, high: int) -> None:
    _require(
        isinstance(value, int) and not isinstance(value, bool), f"{name} is {value!r}; use a whole number."
    )
    _require(low <= value <= high, f"{name} is {value}; use {low} to {high}.")


def _require_number(name: str, value: Any, low: float, high: float) -> None:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    _require(usable, f"{name} is {value!r}; use a finite number.")
    _require(low <= value <= high, f"{name} is {value}; use {low} to {high}.")
