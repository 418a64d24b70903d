"""Training of the pocket UNet on thumbnail latents and frozen, precomputed text embeddings."""

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor

from gpu.pocket.architecture import make_unet
from gpu.pocket.dataset import PICTURES, Batches, Noise, training_batches
from gpu.pocket.parallel import WORLD, Replica, Settings, Shared, launch, parameter_count

BATCH_PER_RANK = 16
RATE = 1e-3
FOCUS = (320.0, 170.0)
"""Timesteps where outlines are decided: noise of 0.5 to 4 times the latents' deviation."""


def train(work: Path, minutes: float) -> None:
    """Train the UNet; writes the averaged weights to `work`/unet."""
    settings = Settings(
        minutes, RATE, weight_decay=1e-2, average=0.999, hold=0.6, checkpoint=work / "unet-train"
    )
    launch(_worker, parameter_count([make_unet()]), work, settings)


def _worker(rank: int, shared: Shared, work: Path, settings: Settings) -> None:
    torch.manual_seed(0)
    unet = make_unet().train()
    unet.set_attn_processor(AttnProcessor())  # SDPA's backward is slow on a CPU at these sizes
    replica = Replica(rank, shared, [unet], settings)
    batches = training_batches(work, rank, PICTURES, f"{rank}/{replica.step_count}")
    noise = Noise(FOCUS, rank, WORLD)
    for _ in replica.steps():
        replica.step(velocity_loss(unet, batches, noise))
    replica.load_average()
    if rank == 0:
        unet.float().save_pretrained(work / "unet")


def velocity_loss(unet: UNet2DConditionModel, batches: Batches, noise: Noise) -> Tensor:
    """Mean squared error of the predicted velocity on one batch."""
    _, latents, captions = batches.draw(BATCH_PER_RANK)
    timesteps = noise.timesteps(BATCH_PER_RANK, batches.generator)
    noisy, velocity = noise.apply(latents, timesteps, batches.generator)
    predicted = unet(
        noisy.bfloat16(),
        timesteps,
        captions.hidden,
        added_cond_kwargs=batches.conditions(captions),
        return_dict=False,
    )[0]
    return (predicted.float() - velocity).square().mean()
