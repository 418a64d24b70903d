"""Rough pictures from unfinished latents, without the decoder."""

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image

PATCH = 16  # pixels: two latent cells, so that at least one is free of a neighbour's colour
PATCHES = 16  # per side; 256 colours
SCALE = 4  # preview pixels per latent cell: 512 for a 1024 picture


class LatentPreview:
    """A linear map from the 4 latent channels to RGB, fitted once to an autoencoder.

    Fitted, not tabulated, so that it holds for every checkpoint: a chart of random flat colours goes
    through the encoder, and least squares finds the map from its latents back to the colours.
    """

    def __init__(self, vae: AutoencoderKL) -> None:
        chart = np.random.default_rng(0).random((PATCHES, PATCHES, 3), dtype=np.float32) * 2 - 1
        pixels = torch.from_numpy(chart.repeat(PATCH, 0).repeat(PATCH, 1)).permute(2, 0, 1)[None]
        with torch.no_grad():
            latents = vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist.mode()
        cells = (latents * vae.config.scaling_factor)[0].float().cpu()
        inputs = _with_constant(cells.flatten(1).T)
        side = cells.shape[-1] // PATCHES
        colors = torch.from_numpy(chart.repeat(side, 0).repeat(side, 1)).reshape(-1, 3)
        self._map = torch.linalg.lstsq(inputs, colors).solution

    def images(self, latents: torch.Tensor) -> list[Image.Image]:
        """One picture per row of latents (n, 4, h, w), `SCALE` times their width and height."""
        cells = latents.detach().float().cpu()
        # Early latents are mostly noise of large scale: bring them to the range of finished ones.
        cells = cells / cells.std(dim=(1, 2, 3), keepdim=True).clamp(min=1.0)
        colors = _with_constant(cells.permute(0, 2, 3, 1)) @ self._map
        pixels = ((colors + 1) * 127.5).round().clamp(0, 255).nan_to_num().to(torch.uint8).numpy()
        size = (latents.shape[-1] * SCALE, latents.shape[-2] * SCALE)
        return [Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC) for picture in pixels]


def _with_constant(values: torch.Tensor) -> torch.Tensor:
    return torch.cat([values, torch.ones_like(values[..., :1])], dim=-1)
