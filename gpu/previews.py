"""Rough small pictures from unfinished latents."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from diffusers import AutoencoderKL, SchedulerMixin
from diffusers.image_processor import VaeImageProcessor
from PIL import Image
from torch.nn.functional import avg_pool2d

MAX_CELLS = 32  # latent cells per side: a preview of 256 pixels costs a sixteenth of decoding 1024
CELL = 8  # pixels of a picture per latent cell
# In the latents that all full-size SDXL autoencoders share, a cell's four numbers make its colour, -1 to 1:
# known figures, which other tools preview with too.
SDXL_WIDTHS, SDXL_SCALE = [128, 256, 512, 512], 0.13025
SDXL_COLOURS = (
    (0.3651, 0.4232, 0.4341),
    (-0.2533, -0.0042, 0.1068),
    (0.1076, 0.1111, -0.0362),
    (-0.3165, -0.2492, -0.2188),
)
SDXL_MIDDLE = (0.1084, -0.0175, -0.0011)


@torch.no_grad()
def pictures(vae: AutoencoderKL, latents: torch.Tensor) -> list[Image.Image]:
    """One RGB picture of at most 256x256 per row of noise-free latents (n, 4, h, w)."""
    factor = math.ceil(max(latents.shape[-2:]) / MAX_CELLS)
    small = avg_pool2d(latents.float(), factor, ceil_mode=True) if factor > 1 else latents.float()
    config = vae.config
    if list(config.block_out_channels) == SDXL_WIDTHS and config.scaling_factor == SDXL_SCALE:
        return _coloured(small)
    return _decoded(vae, small)


def _coloured(latents: torch.Tensor) -> list[Image.Image]:
    """By a product of small matrices."""
    colours = torch.einsum("nchw,ck->nhwk", latents, latents.new_tensor(SDXL_COLOURS))
    shades = (colours + latents.new_tensor(SDXL_MIDDLE)).clamp(-1, 1).nan_to_num()
    levels = ((shades + 1) * 127.5).round().to(torch.uint8).cpu().numpy()
    size = (latents.shape[-1] * CELL, latents.shape[-2] * CELL)
    return [Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC) for picture in levels]


def _decoded(vae: AutoencoderKL, latents: torch.Tensor) -> list[Image.Image]:
    """By the checkpoint's own autoencoder, where it is another: its colours need not follow from cells."""
    with _overflow_free(vae):
        decoded = vae.decode(latents.to(vae.dtype) / vae.config.scaling_factor, return_dict=False)[0]
    return VaeImageProcessor().postprocess(decoded.float().nan_to_num())


def denoised(
    latents: torch.Tensor, before: torch.Tensor | None, scheduler: SchedulerMixin, index: int
) -> torch.Tensor:
    """What the latents after step `index` are heading for; `before` are those one step earlier.

    Two points of the path give its slope, and the slope leads to where the noise is zero. A scheduler
    that adds fresh noise leaves no such path: then the latents themselves, scaled down, are the better guess.
    """
    sigma, earlier = _sigma(scheduler, index + 1), _sigma(scheduler, index)
    unscaled = _unscaled(latents, scheduler, sigma)
    guess = unscaled / (1 + sigma**2) ** 0.5
    if before is None or sigma in (0.0, earlier):  # second-order schedulers repeat a noise level
        return guess
    slope = (unscaled - _unscaled(before, scheduler, earlier)) / (sigma - earlier)
    target = unscaled - sigma * slope
    return target if target.std() < unscaled.std() else guess


@contextmanager
def _overflow_free(vae: AutoencoderKL) -> Iterator[None]:
    """The stock SDXL autoencoder overflows in float16; the pipelines upcast it in the same way."""
    upcast = vae.dtype == torch.float16 and vae.config.force_upcast
    if upcast:
        vae.to(torch.float32)
    try:
        yield
    finally:
        if upcast:
            vae.to(torch.float16)


def _sigma(scheduler: SchedulerMixin, index: int) -> float:
    """Noise in units of the picture before step `index`; 0 after the last one."""
    if hasattr(scheduler, "sigmas"):
        return float(scheduler.sigmas[index])
    if index >= len(scheduler.timesteps):
        return 0.0
    kept = float(scheduler.alphas_cumprod[int(scheduler.timesteps[index])])
    return ((1 - kept) / kept) ** 0.5


def _unscaled(latents: torch.Tensor, scheduler: SchedulerMixin, sigma: float) -> torch.Tensor:
    """Latents as picture plus noise; schedulers that start from unit noise keep them at unit variance."""
    keeps_variance = float(scheduler.init_noise_sigma) == 1.0
    return latents.float() * (1 + sigma**2) ** 0.5 if keeps_variance else latents.float()
