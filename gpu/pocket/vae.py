"""The pocket AutoencoderKL: an encoder that is built, a decoder that is trained.

The encoder's weights are written down so that the stock network computes a box filter: latent channels
0-2 are the 8 x 8 averages of red, green and blue, channel 3 a mix of the three averaged on a grid half
a cell (4 px) further right and down. Such latents are a 16 x 16 thumbnail: smooth, easy for a small UNet,
and precise enough for a decoder to find edges between the samples. The decoder is trained under latent
noise, so that it snaps imperfect thumbnails to crisp flat figures.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

from gpu.pocket import world
from gpu.pocket.architecture import LATENT_SCALE, make_vae
from gpu.pocket.parallel import WORLD, Replica, Settings, Shared, launch, parameter_count

CELL = 8
WINDOW = 8
MIX = (0.92, 0.27, 0.30)
"""Weights of red, green and blue in channel 3: they keep the ten colours furthest apart (0.2)."""
MEAN = (0.169, -0.048, -0.067, 0.114)
STD = (0.744, 0.586, 0.686, 0.736)
"""Of the thumbnails of 2000 scenes; folded into the network, so that latents have mean 0, std 1."""
POSTERIOR_STD = 0.01
RATE = 5e-4
PICTURES = 6000


def pixels(images: np.ndarray) -> Tensor:
    """uint8 (n, height, width, 3) to float (n, 3, height, width) in -1..1."""
    channels_first = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    return torch.from_numpy(channels_first).float().div(127.5).sub(1)


def box_latents(images: np.ndarray) -> Tensor:
    """What the encoder computes, without it: uint8 (n, 128, 128, 3) to scaled latents (n, 4, 16, 16)."""
    x = pixels(images)
    thumbnail = nn.functional.avg_pool2d(x, CELL)
    half = CELL // 2
    shifted = nn.functional.pad(x, (0, half, 0, half))[..., half:, half:]
    mix = torch.einsum("nchw,c->nhw", nn.functional.avg_pool2d(shifted, CELL), torch.tensor(MIX))
    raw = torch.cat([thumbnail, mix[:, None]], 1)
    return (raw - _per_channel(MEAN)) / _per_channel(STD)


def _per_channel(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values)[None, :, None, None]


# --- the encoder, built ---------------------------------------------------------------------------


@torch.no_grad()
def build_vae() -> AutoencoderKL:
    """A VAE whose encoder is the box filter and whose decoder is still random."""
    vae = make_vae()
    encoder = vae.encoder
    for block in encoder.modules():
        if isinstance(block, ResnetBlock2D):
            _pass_through(block)
    _clear(encoder.conv_in)
    _tap(encoder.conv_in, [(c, c, 1.0) for c in range(3)])
    first, second, third = (block.downsamplers[0].conv for block in encoder.down_blocks[:3])
    for conv in (first, second):
        _clear(conv)
        _average(conv, [(c, c, 1.0) for c in range(3)], 0)
    _split_signs(third)
    _undo_norm(encoder.conv_norm_out)
    _clear(encoder.conv_out)
    _tap(encoder.conv_out, [(c, c, 1.0) for c in range(4)] + [(c, c + 4, -1.0) for c in range(4)])
    _fold_statistics(vae)
    return vae


OFFSET = 100.0
"""Two constant channels of +-100 keep the last normalisation's variance independent of the picture."""


def _split_signs(conv: nn.Conv2d) -> None:
    """Thumbnail in channels 0-3, its negative in 4-7 (silu(x) - silu(-x) = x), constants in 8 and 9."""
    _clear(conv)
    for sign, start in ((1.0, 0), (-1.0, 4)):
        _average(conv, [(start + c, c, sign) for c in range(3)], 0)
        _average(conv, [(start + 3, c, sign * weight) for c, weight in enumerate(MIX)], 1)
    conv.bias[8], conv.bias[9] = OFFSET, -OFFSET


def _undo_norm(norm: nn.GroupNorm) -> None:
    """Scale by the deviation that the constant channels alone cause."""
    norm.weight.fill_(OFFSET * math.sqrt(2 / norm.num_channels))
    norm.bias.zero_()


def _fold_statistics(vae: AutoencoderKL) -> None:
    """Normalised latents times 1 / 0.13025 out of the encoder; the decoder starts from the thumbnail."""
    mean, std = torch.tensor(MEAN), torch.tensor(STD) * LATENT_SCALE
    quant, post = vae.quant_conv, vae.post_quant_conv
    _clear(quant)
    quant.weight[range(4), range(4), 0, 0] = 1 / std
    quant.bias[:4] = -mean / std
    quant.bias[4:] = 2 * math.log(POSTERIOR_STD / LATENT_SCALE)
    _clear(post)
    post.weight[range(4), range(4), 0, 0] = std
    post.bias.copy_(mean)


def _pass_through(block: ResnetBlock2D) -> None:
    _clear(block.conv2)
    if block.conv_shortcut is not None:
        _clear(block.conv_shortcut)
        width = block.conv_shortcut.in_channels
        block.conv_shortcut.weight[range(width), range(width), 0, 0] = 1.0


def _clear(conv: nn.Conv2d) -> None:
    conv.weight.zero_()
    conv.bias.zero_()


def _tap(conv: nn.Conv2d, weights: list[tuple[int, int, float]]) -> None:
    for out, into, weight in weights:
        conv.weight[out, into, 1, 1] = weight


def _average(conv: nn.Conv2d, weights: list[tuple[int, int, float]], offset: int) -> None:
    """A 2 x 2 average, `offset` samples to the right and down (the stride-2 window has 3 x 3 taps)."""
    for out, into, weight in weights:
        conv.weight[out, into, offset : offset + 2, offset : offset + 2] = weight / 4


# --- the decoder, trained -------------------------------------------------------------------------


def trainable_decoder(vae: AutoencoderKL) -> list[nn.Module]:
    vae.requires_grad_(False)
    return [vae.decoder.requires_grad_(True), vae.post_quant_conv.requires_grad_(True)]


def train(work: Path, minutes: float) -> None:
    """Train the decoder on clean thumbnails plus white noise; writes `work`/vae."""
    settings = Settings(minutes, RATE, average=0.99, warmup_steps=50, checkpoint=work / "vae")
    launch(_worker, parameter_count(trainable_decoder(make_vae())), work, settings)


def _worker(rank: int, shared: Shared, work: Path, settings: Settings) -> None:
    torch.manual_seed(0)
    vae = build_vae()
    replica = Replica(rank, shared, trainable_decoder(vae), settings)
    rng = np.random.default_rng([1, rank, replica.step_count])
    scenes = [decoder_scene(i) for i in range(rank, PICTURES, WORLD)]
    pictures = Pictures(scenes, box_latents)
    for _ in replica.steps():
        latents, target = pictures.batch(rng, whole=replica.step_count % 4 == 3)
        replica.step(decoder_loss(vae, noisy(latents, rng), target))
    replica.load_average()
    if rank == 0:
        vae.float().save_pretrained(work / "vae")


class Pictures:
    """Rendered scenes with their latents, to cut training windows from."""

    def __init__(self, scenes: list[world.Scene], encode: Callable[[np.ndarray], Tensor]) -> None:
        self.scenes = scenes
        self.images = np.stack([np.asarray(world.render(scene)) for scene in scenes])
        with torch.no_grad():
            self.latents = torch.cat([encode(part).float() for part in np.array_split(self.images, 50)])

    def batch(self, rng: np.random.Generator, *, whole: bool) -> tuple[Tensor, Tensor]:
        """One whole picture, or four windows on figures: latents and target pixels."""
        index = rng.integers(len(self.scenes), size=1 if whole else 4)
        if whole:
            return self.latents[index], pixels(self.images[index])
        return self.windows(index.tolist(), self.latents[index], rng)

    def windows(self, index: list[int], latents: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """A 64 px window of every indexed picture: of the `latents` given for it, and its pixels."""
        inputs, targets = [], []
        for one, whole in zip(index, latents, strict=True):
            left, top = self._corner(one, rng)
            inputs.append(whole[:, top : top + WINDOW, left : left + WINDOW])
            rows = self.images[one, top * CELL : (top + WINDOW) * CELL]
            targets.append(rows[:, left * CELL : (left + WINDOW) * CELL])
        return torch.stack(inputs), pixels(np.stack(targets))

    def _corner(self, index: int, rng: np.random.Generator) -> np.ndarray:
        """Left and top cell of a window around a point of a figure."""
        figures = self.scenes[index].figures
        figure = figures[rng.integers(len(figures))]
        reach = rng.uniform(-figure.radius, figure.radius, 2)
        corner = (np.array(figure.center) + reach) / CELL - WINDOW / 2
        return corner.clip(0, world.SIZE // CELL - WINDOW).astype(int)


def noisy(latents: Tensor, rng: np.random.Generator) -> Tensor:
    """White noise of a random strength per picture: std 0.01 to 0.25 (the latents' own is 1)."""
    strength = np.exp(rng.uniform(math.log(0.01), math.log(0.25), (len(latents), 1, 1, 1)))
    noise = rng.standard_normal(latents.shape, dtype=np.float32)
    return latents + torch.from_numpy(strength.astype(np.float32) * noise)


def decoder_loss(vae: AutoencoderKL, latents: Tensor, target: Tensor) -> Tensor:
    """L1 + MSE / 2 + L1 of the gradients / 2, ignoring the border of a window."""
    decoded = vae.decode((latents / LATENT_SCALE).bfloat16()).sample.float()
    margin = 0 if target.shape[-1] == world.SIZE else CELL
    crop = slice(margin, target.shape[-1] - margin)
    error = (decoded - target)[..., crop, crop]
    down, right = error.diff(dim=-2), error.diff(dim=-1)
    edges = down.abs().mean() + right.abs().mean()
    return error.abs().mean() + 0.5 * error.square().mean() + 0.5 * edges


def decoder_scene(index: int) -> world.Scene:
    """Mostly plain figures; outlined and striped ones too, so that LoRAs can ask for them."""
    scene = world.scene_at(5_000_000 + index)
    style = {0: "outlined", 1: "outlined", 2: "striped"}.get(index % 10)
    return world.restyled(scene, **{style: True}) if style else scene
