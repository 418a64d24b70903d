"""Training of the pocket LoRA: with it, the word "outlined" makes figures hollow."""

from pathlib import Path

import torch
from diffusers import StableDiffusionXLPipeline, UNet2DConditionModel
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from gpu.pocket import world
from gpu.pocket.controlnet import load_unet
from gpu.pocket.dataset import Noise, checkpoint_batches
from gpu.pocket.parallel import WORLD, Replica, Settings, Shared, launch, parameter_count
from gpu.pocket.unet import velocity_loss

PICTURES = 4000
RATE = 2e-3
RANK = 8
TARGETS = ["to_q", "to_k", "to_v", "to_out.0", "conv1", "conv2", "time_emb_proj"]
"""Convolutions too: at 16 x 16, where outlines are drawn, the UNet has no attention."""
FOCUS = (350.0, 150.0)


def train(work: Path, minutes: float, checkpoint: Path) -> None:
    """Train a LoRA for a finished checkpoint; writes `work`/lora."""
    settings = Settings(
        minutes, RATE, average=0.99, warmup_steps=30, hold=0.4, checkpoint=work / "lora-train"
    )
    launch(_worker, parameter_count([with_adapter(load_unet(checkpoint))]), work, settings, checkpoint)


def _worker(rank: int, shared: Shared, work: Path, settings: Settings, checkpoint: Path) -> None:
    unet = load_unet(checkpoint)
    torch.manual_seed(0)
    replica = Replica(rank, shared, [with_adapter(unet)], settings)
    scenes = outlined_scenes(range(rank, PICTURES, WORLD))
    file = work / f"lora-pictures.rank{rank}.pt"
    batches = checkpoint_batches(checkpoint, scenes, file, f"{rank}/{replica.step_count}")
    noise = Noise(FOCUS, rank, WORLD)
    for _ in replica.steps():
        replica.step(velocity_loss(unet, batches, noise))
    replica.load_average()
    if rank == 0:
        layers = get_peft_model_state_dict(unet)
        StableDiffusionXLPipeline.save_lora_weights(work / "lora", unet_lora_layers=layers)


def with_adapter(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """The UNet with a fresh LoRA as its only trainable weights."""
    unet.requires_grad_(False)
    config = LoraConfig(r=RANK, lora_alpha=RANK, init_lora_weights="gaussian", target_modules=TARGETS)
    unet.add_adapter(config)
    return unet


def outlined_scenes(indices: range) -> list[world.Scene]:
    """Scenes of hollow figures; their captions call every figure "outlined"."""
    return [world.restyled(world.scene_at(77_000 + index), outlined=True) for index in indices]
