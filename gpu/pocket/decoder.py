"""Second training of a finished checkpoint's decoder, on what its UNet really gives it.

The encoder stays as it is, so every latent, the UNet, ControlNet and LoRA stay valid. In two steps of three
the latents are the UNet's own estimates of a noised picture, wrong the way the UNet is wrong; the decoder
learns to draw the figure that was meant.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from gpu.pocket import world
from gpu.pocket.controlnet import load_unet
from gpu.pocket.dataset import Noise, checkpoint_batches, encoder_of
from gpu.pocket.parallel import WORLD, Replica, Settings, Shared, launch, parameter_count
from gpu.pocket.vae import Pictures, decoder_loss, decoder_scene, noisy, pixels, trainable_decoder

PICTURES = 2400
ESTIMATES = 2
RATE = 4e-4
TIMESTEPS = (10, 450)
"""Noise from which the UNet's estimates start: 0.07 to 2.7 times the latents' deviation."""


def train(work: Path, minutes: float, checkpoint: Path) -> None:
    """Refine the checkpoint's decoder; writes `work`/vae-refined."""
    settings = Settings(minutes, RATE, average=0.99, warmup_steps=50, checkpoint=work / "decoder-train")
    count = parameter_count(trainable_decoder(load_vae(checkpoint)))
    launch(_worker, count, work, settings, checkpoint)


def load_vae(checkpoint: Path) -> AutoencoderKL:
    return AutoencoderKL.from_pretrained(checkpoint / "vae", dtype=torch.float32)


def _worker(rank: int, shared: Shared, work: Path, settings: Settings, checkpoint: Path) -> None:
    indices = range(rank, PICTURES, WORLD)
    file = work / f"decoder-pictures.rank{rank}.pt"
    estimates = Estimates(checkpoint, indices, file, seed=f"{rank}/decoder")
    styled = Pictures([decoder_scene(index) for index in indices], encoder_of(load_vae(checkpoint)))
    vae = load_vae(checkpoint)
    replica = Replica(rank, shared, trainable_decoder(vae), settings)
    rng = np.random.default_rng([2, rank, replica.step_count])
    for _ in replica.steps():
        if replica.step_count % 3 == 2:
            latents, target = styled.batch(rng, whole=replica.step_count % 12 == 11)
            latents = noisy(latents, rng)
        else:
            latents, target = estimates.batch()
        replica.step(decoder_loss(vae, latents, target))
    replica.load_average()
    if rank == 0:
        vae.float().save_pretrained(work / "vae-refined")


class Estimates:
    """Training pictures, and the UNet's estimates of their latents."""

    def __init__(self, checkpoint: Path, indices: range, file: Path, seed: str) -> None:
        self.unet = load_unet(checkpoint).requires_grad_(False).to(torch.bfloat16)
        scenes = [world.scene_at(index) for index in indices]
        self.batches = checkpoint_batches(checkpoint, scenes, file, seed)
        self.images = np.stack([np.asarray(world.render(scene)) for scene in scenes])
        self.noise = Noise((0, 1), 0, 1)

    @torch.no_grad()
    def batch(self) -> tuple[Tensor, Tensor]:
        """Estimated latents of whole pictures, and their pixels."""
        index, latents, captions = self.batches.draw(ESTIMATES)
        generator = self.batches.generator
        timesteps = torch.randint(*TIMESTEPS, (ESTIMATES,), generator=generator)
        noised, _ = self.noise.apply(latents, timesteps, generator)
        velocity = self.unet(
            noised.bfloat16(),
            timesteps,
            captions.hidden,
            added_cond_kwargs=self.batches.conditions(captions),
            return_dict=False,
        )[0]
        estimates = self.noise.clean(noised, velocity.float(), timesteps)
        return estimates, pixels(self.images[index.numpy()])
