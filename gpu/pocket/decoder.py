"""Second training of the VAE's decoder, on what the UNet really gives it.

The encoder stays as it is, so every latent, the UNet, ControlNet and LoRA stay valid. In two steps of three
the latents are the UNet's own estimates of a noised picture, wrong the way the UNet is wrong; the decoder,
which sees the whole 16 x 16 thumbnail, learns to draw the figure that was meant.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor

from gpu.pocket import world
from gpu.pocket.architecture import make_vae
from gpu.pocket.dataset import Noise, training_batches
from gpu.pocket.parallel import WORLD, Replica, Settings, Shared, launch, parameter_count
from gpu.pocket.vae import Pictures, decoder_loss, decoder_scene, noisy, pixels, trainable_decoder

PICTURES = 4000
ESTIMATES = 2
RATE = 4e-4
TIMESTEPS = (10, 450)
"""Noise from which the UNet's estimates start: 0.07 to 2.7 times the latents' deviation."""


def train(work: Path, minutes: float) -> None:
    """Refine `work`/vae with `work`/unet; writes `work`/vae-refined."""
    settings = Settings(minutes, RATE, average=0.99, warmup_steps=50, checkpoint=work / "decoder-train")
    launch(_worker, parameter_count(trainable_decoder(make_vae())), work, settings)


def _worker(rank: int, shared: Shared, work: Path, settings: Settings) -> None:
    vae = AutoencoderKL.from_pretrained(work / "vae", dtype=torch.float32)
    replica = Replica(rank, shared, trainable_decoder(vae), settings)
    rng = np.random.default_rng([2, rank, replica.step_count])
    styled = Pictures([decoder_scene(index) for index in range(rank, PICTURES, WORLD)])
    plain = Estimates(work, rank, f"{rank}/{replica.step_count}")
    for _ in replica.steps():
        if replica.step_count % 3 == 2:
            latents, target = styled.batch(rng, whole=replica.step_count % 12 == 11)
            latents = noisy(latents, rng)
        else:
            latents, target = plain.batch()
        replica.step(decoder_loss(vae, latents, target))
    replica.load_average()
    if rank == 0:
        vae.float().save_pretrained(work / "vae-refined")


class Estimates:
    """Training pictures, and the UNet's estimates of their latents."""

    def __init__(self, work: Path, rank: int, seed: str) -> None:
        unet = UNet2DConditionModel.from_pretrained(work / "unet", dtype=torch.bfloat16)
        self.unet = unet.requires_grad_(False)
        self.batches = training_batches(work, rank, PICTURES, seed)
        scenes = [world.scene_at(index) for index in range(rank, PICTURES, WORLD)]
        self.images = np.stack([np.asarray(world.render(scene)) for scene in scenes])
        self.noise = Noise((0, 1), 0, 1)

    def batch(self) -> tuple[Tensor, Tensor]:
        """Estimated latents of whole pictures, and their pixels."""
        index, latents, captions = self.batches.draw(ESTIMATES)
        generator = self.batches.generator
        timesteps = torch.randint(*TIMESTEPS, (ESTIMATES,), generator=generator)
        noised, _ = self.noise.apply(latents, timesteps, generator)
        with torch.no_grad():
            velocity = self.unet(
                noised.bfloat16(),
                timesteps,
                captions.hidden,
                added_cond_kwargs=self.batches.conditions(captions),
                return_dict=False,
            )[0]
        estimates = self.noise.clean(noised, velocity.float(), timesteps)
        return estimates, pixels(self.images[index.numpy()])
