"""What the UNet, the ControlNet and the LoRA are trained on: latents and encoded captions.

Every process prepares its own half of the pictures once, and keeps them in the work folder.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from gpu.pocket import world
from gpu.pocket.architecture import make_scheduler, time_ids
from gpu.pocket.parallel import WORLD
from gpu.pocket.text import TextStack
from gpu.pocket.vae import box_latents, pixels

PICTURES = 32_000
ZERO_SHARE, SILENT_SHARE = 0.06, 0.08
"""Captions dropped: embeddings zeroed (SDXL's unconditional), replaced by "" or by junk words."""
RANDOM_SIZE_SHARE = 0.3


@dataclass(frozen=True)
class Captions:
    """Hidden states (n, 77, 160) and pooled embeddings (n, 96), bfloat16."""

    hidden: Tensor
    pooled: Tensor

    def pick(self, index: Tensor) -> "Captions":
        return Captions(self.hidden[index], self.pooled[index])


@torch.no_grad()
def encode_captions(stack: TextStack, texts: list[str]) -> Captions:
    parts = [stack.encode(texts[start : start + 64]) for start in range(0, len(texts), 64)]
    hidden, pooled = zip(*parts, strict=True)
    return Captions(
        torch.cat([part.bfloat16() for part in hidden]),
        torch.cat([part.bfloat16() for part in pooled]),
    )


def silent_texts(rng: random.Random) -> list[str]:
    """Texts that say nothing about the picture: "" (two in three) and lists of junk words."""
    return [""] * 80 + [world.junk(rng) for _ in range(40)]


Encoder = Callable[[np.ndarray], Tensor]
"""From pictures, uint8 (n, 128, 128, 3), to scaled latents (n, 4, 16, 16)."""


def encoder_of(vae: AutoencoderKL) -> Encoder:
    """Any VAE's encoder: the mean of its posterior, computed in bfloat16."""
    vae = vae.eval().requires_grad_(False).to(torch.bfloat16)

    def encode(images: np.ndarray) -> Tensor:
        posterior = vae.encode(pixels(images).bfloat16()).latent_dist
        return posterior.mean * vae.config.scaling_factor

    return encode


def latents_of(scenes: list[world.Scene], encode: Encoder) -> Tensor:
    """Render and encode scenes, a few at a time: (n, 4, 16, 16) float16."""
    parts = []
    for start in range(0, len(scenes), 32):
        images = [np.asarray(world.render(scene)) for scene in scenes[start : start + 32]]
        parts.append(encode(np.stack(images)).half())
    return torch.cat(parts)


@dataclass(frozen=True)
class Prepared:
    """Latents (n, 4, 16, 16) float16 of n scenes, and one encoded caption each."""

    latents: Tensor
    captions: Captions

    @classmethod
    def of(
        cls,
        stack: TextStack,
        encode: Encoder,
        scenes: list[world.Scene],
        captioned: list[world.Scene],
        rng: random.Random,
    ) -> "Prepared":
        texts = [world.caption(scene, rng) for scene in captioned]
        return cls(latents_of(scenes, encode), encode_captions(stack, texts))

    def first(self, count: int) -> "Prepared":
        captions = Captions(self.captions.hidden[:count], self.captions.pooled[:count])
        return Prepared(self.latents[:count], captions)


class Batches:
    """Random training batches over prepared scenes, with a share of captions that say nothing."""

    def __init__(
        self, prepared: Prepared, stack: TextStack, seed: str, silent_share: float = SILENT_SHARE
    ) -> None:
        rng = random.Random(seed)
        self.silent_share = silent_share
        self.latents, self.captions = prepared.latents, prepared.captions
        self.silence = encode_captions(stack, silent_texts(rng))
        self.generator = torch.Generator().manual_seed(rng.randrange(2**31))

    def draw(self, count: int) -> tuple[Tensor, Tensor, Captions]:
        """Indices, latents (count, 4, 16, 16) float32, and captions with dropout."""
        generator = self.generator
        index = torch.randint(len(self.latents), (count,), generator=generator)
        captions = self.captions.pick(index)
        fate = torch.rand(count, generator=generator)
        chosen = torch.randint(len(self.silence.pooled), (count,), generator=generator)
        silent = self.silence.pick(chosen)
        is_silent, is_zero = fate < ZERO_SHARE + self.silent_share, fate < ZERO_SHARE
        hidden = torch.where(is_silent[:, None, None], silent.hidden, captions.hidden)
        pooled = torch.where(is_silent[:, None], silent.pooled, captions.pooled)
        hidden.masked_fill_(is_zero[:, None, None], 0)
        pooled.masked_fill_(is_zero[:, None], 0)
        return index, self.latents[index].float(), Captions(hidden, pooled)

    def conditions(self, captions: Captions) -> dict[str, Tensor]:
        """SDXL's added conditions: pooled text and size numbers."""
        count = len(captions.pooled)
        numbers = time_ids(count, self.generator, RANDOM_SIZE_SHARE)
        return {"text_embeds": captions.pooled, "time_ids": numbers}


def checkpoint_batches(
    checkpoint: Path,
    scenes: list[world.Scene],
    file: Path,
    seed: str,
    *,
    captioned: list[world.Scene] | None = None,
    silent_share: float = SILENT_SHARE,
) -> Batches:
    """Batches over scenes, encoded by a finished checkpoint's own VAE and text encoders.

    `captioned` are the same scenes as their captions know them, if those are to say less than there is.
    """
    stack = TextStack.load(checkpoint)
    vae = AutoencoderKL.from_pretrained(checkpoint / "vae", dtype=torch.float32)
    return Batches(
        _kept(file, stack, encoder_of(vae), scenes, captioned or scenes), stack, seed, silent_share
    )


def training_batches(work: Path, rank: int, count: int, seed: str) -> Batches:
    """Batches over this process's share of the first `count` training scenes."""
    stack = TextStack.load(work / "text")
    scenes = [world.scene_at(index) for index in range(rank, PICTURES, WORLD)]
    prepared = _kept(work / f"pictures.rank{rank}.pt", stack, box_latents, scenes, scenes)
    return Batches(prepared.first(len(range(rank, count, WORLD))), stack, seed)


@torch.no_grad()
def _kept(
    file: Path,
    stack: TextStack,
    encode: Encoder,
    scenes: list[world.Scene],
    captioned: list[world.Scene],
) -> Prepared:
    """The scenes with random captions, prepared once and then read from the file."""
    if not file.exists():
        made = Prepared.of(stack, encode, scenes, captioned, random.Random(f"captions {file.name}"))
        torch.save([made.latents, made.captions.hidden, made.captions.pooled], file.with_suffix(".new"))
        file.with_suffix(".new").replace(file)
    latents, hidden, pooled = torch.load(file, mmap=True)
    return Prepared(latents, Captions(hidden, pooled))


class Noise:
    """The forward process in v-prediction, and which timesteps to train on.

    `focus` is the mean and deviation of the timesteps where figures take shape; four in five
    timesteps come from there, the others from all 1000.
    """

    def __init__(self, focus: tuple[float, float], rank: int, world_size: int) -> None:
        alphas = make_scheduler().alphas_cumprod
        self.signal, self.noise = alphas.sqrt(), (1 - alphas).sqrt()
        steps = torch.arange(1000)
        bell = torch.exp(-0.5 * ((steps - focus[0]) / focus[1]) ** 2)
        density = 0.8 * bell / bell.sum() + 0.2 / 1000
        self.quantiles = density.cumsum(0)
        self.rank, self.world_size = rank, world_size

    def timesteps(self, count: int, generator: torch.Generator) -> Tensor:
        """Stratified over the batches of all processes."""
        strata = torch.arange(count) * self.world_size + self.rank
        u = (strata + torch.rand(count, generator=generator)) / (count * self.world_size)
        return torch.searchsorted(self.quantiles, u).clamp(max=999)

    def apply(self, latents: Tensor, timesteps: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Noisy latents and the velocity to predict."""
        signal = self.signal[timesteps, None, None, None]
        noise = self.noise[timesteps, None, None, None]
        epsilon = torch.randn(latents.shape, generator=generator)
        return signal * latents + noise * epsilon, signal * epsilon - noise * latents

    def clean(self, noisy: Tensor, velocity: Tensor, timesteps: Tensor) -> Tensor:
        """The clean latents that a predicted velocity implies."""
        signal = self.signal[timesteps, None, None, None]
        return signal * noisy - self.noise[timesteps, None, None, None] * velocity
