"""From a request to the arguments of its pipeline, and from the pipeline's pictures to the answer's."""

from typing import Any

import torch
from PIL import Image

from gpu.preprocessors import control_image
from gpu.requests import InferenceRequest, PipelineMode, strength_of

MASK_THRESHOLD = 128  # of 255: half and more is painted anew


def arguments(request: InferenceRequest) -> dict[str, Any]:
    """Keyword arguments for the stock pipeline of the request's key."""
    return {
        "prompt": list(request.prompts),
        "negative_prompt": list(request.negative_prompts) or None,
        "num_inference_steps": request.num_inference_steps,
        "guidance_scale": request.guidance_scale,
        "generator": [generator(seed) for seed in request.seeds],
        "output_type": "pt",
        **_picture_arguments(request),
        **_control_arguments(request),
    }


def begun(arguments: dict[str, Any], refiner_start: float) -> dict[str, Any]:
    """The same call, ended where a refiner takes over; it gives latents."""
    return {**arguments, "denoising_end": refiner_start, "output_type": "latent"}


def refined(arguments: dict[str, Any], refiner_start: float, latents: torch.Tensor) -> dict[str, Any]:
    """The refiner's call: from these latents on, with the same words, schedule and sources of noise."""
    shared = (
        "prompt", "negative_prompt", "num_inference_steps", "guidance_scale", "generator", "output_type",
    )  # fmt: skip
    given = {name: arguments[name] for name in shared}
    return {**given, "image": latents, "denoising_start": refiner_start}


def generator(seed: int) -> torch.Generator:
    """The source of noise for one image: on the CPU, where the same seed means the same on any device."""
    return torch.Generator("cpu").manual_seed(seed)


def finished(request: InferenceRequest, drawn: torch.Tensor) -> tuple[Image.Image, ...]:
    """The pictures as they are delivered: what the mask of an inpaint protects is the original, exactly.

    The autoencoder alone would change it by several levels even where nothing was painted.
    """
    images = _images(drawn)
    if request.key.mode is not PipelineMode.INPAINT:
        return images
    original, mask = _original(request), _mask(request)
    return tuple(Image.composite(image, original, mask) for image in images)


def _images(drawn: torch.Tensor) -> tuple[Image.Image, ...]:
    """Numbers from 0 to 1 as pictures; made into bytes on the device, so a quarter of them travels."""
    levels = (drawn.float() * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return tuple(Image.fromarray(picture) for picture in levels)


def _picture_arguments(request: InferenceRequest) -> dict[str, Any]:
    size = {"width": request.width, "height": request.height}
    if request.key.mode is PipelineMode.TEXT_TO_IMAGE:
        return size
    # One copy per image: encoding a single one takes noise from the first generator only, and then
    # the images of a batch are not those of single runs.
    count = len(request.seeds)
    given = {"image": [_original(request)] * count, "strength": strength_of(request)}
    if request.key.mode is PipelineMode.IMAGE_TO_IMAGE:
        return given
    return {**given, **size, "mask_image": [_mask(request)] * count}


def _control_arguments(request: InferenceRequest) -> dict[str, Any]:
    controls = request.controls
    if not controls:
        return {}
    size = (request.width, request.height)
    name = "image" if request.key.mode is PipelineMode.TEXT_TO_IMAGE else "control_image"
    columns: dict[str, list[Any]] = {
        name: [control_image(control, size) for control in controls],
        "controlnet_conditioning_scale": [float(control.scale) for control in controls],
        "control_guidance_start": [float(control.start) for control in controls],
        "control_guidance_end": [float(control.end) for control in controls],
    }
    if len(controls) == 1:  # a single ControlNet takes values, several take lists
        return {key: column[0] for key, column in columns.items()}
    return columns


def _original(request: InferenceRequest) -> Image.Image:
    assert request.image is not None  # the modes that come here have one
    return _scaled(request.image.convert("RGB"), request, Image.Resampling.LANCZOS)


def _mask(request: InferenceRequest) -> Image.Image:
    assert request.mask is not None
    mask = _scaled(request.mask.convert("L"), request, Image.Resampling.NEAREST)
    return mask.point(lambda level: 255 if level >= MASK_THRESHOLD else 0)


def _scaled(image: Image.Image, request: InferenceRequest, how: Image.Resampling) -> Image.Image:
    size = (request.width, request.height)
    return image if image.size == size else image.resize(size, how)
