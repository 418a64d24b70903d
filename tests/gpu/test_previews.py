"""Previews of full-size SDXL cost a product of small matrices; others are decoded."""

import pytest
import torch
from diffusers import AutoencoderKL

from gpu.previews import SDXL_SCALE, SDXL_WIDTHS, pictures


@pytest.fixture(scope="module")
def full_size():
    """The autoencoder of SDXL without its weights: whoever decodes with it fails."""
    with torch.device("meta"):
        return AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=tuple(SDXL_WIDTHS),
            layers_per_block=2,
            latent_channels=4,
            scaling_factor=SDXL_SCALE,
        )


def test_a_full_size_preview_needs_no_decoding(full_size):
    grey, bright = torch.zeros(1, 4, 128, 96), torch.zeros(1, 4, 128, 96)
    bright[:, 0] = 2.0  # the first number of a cell is its brightness
    first, second = (pictures(full_size, latents)[0] for latents in (grey, bright))
    assert first.size == second.size == (192, 256)
    assert all(110 < level < 150 for level in first.getpixel((9, 9)))
    assert min(second.getpixel((9, 9))) > 200


def test_a_broken_latent_is_a_preview_too(full_size):
    latents = torch.full((2, 4, 16, 16), float("nan"))
    assert [picture.size for picture in pictures(full_size, latents)] == [(128, 128)] * 2
