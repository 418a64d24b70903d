"""Training of the pocket LoRA: with it, the word "outlined" makes figures hollow."""

import random
from pathlib import Path

import torch
from diffusers import StableDiffusionXLPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from gpu.pocket import world
from gpu.pocket.architecture import make_unet
from gpu.pocket.dataset import Batches, Noise, Prepared
from gpu.pocket.parallel import WORLD, Replica, Settings, Shared, launch, parameter_count
from gpu.pocket.text import TextStack
from gpu.pocket.unet import velocity_loss

PICTURES = 6000
RATE = 2e-3
RANK = 8
TARGETS = ["to_q", "to_k", "to_v", "to_out.0", "conv1", "conv2", "time_emb_proj"]
"""Convolutions too: at 16 x 16, where outlines are drawn, the UNet has no attention."""
FOCUS = (350.0, 150.0)


def train(work: Path, minutes: float) -> None:
    """Train the LoRA on `work`/unet; writes `work`/lora."""
    settings = Settings(
        minutes, RATE, average=0.99, warmup_steps=30, hold=0.4, checkpoint=work / "lora-train"
    )
    launch(_worker, parameter_count([with_adapter(make_unet())]), work, settings)


def _worker(rank: int, shared: Shared, work: Path, settings: Settings) -> None:
    unet = UNet2DConditionModel.from_pretrained(work / "unet", dtype=torch.float32)
    unet.set_attn_processor(AttnProcessor())
    torch.manual_seed(0)
    replica = Replica(rank, shared, [with_adapter(unet)], settings)
    batches = outlined_batches(work, range(rank, PICTURES, WORLD), f"{rank}/{replica.step_count}")
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


def outlined_batches(work: Path, indices: range, seed: str) -> Batches:
    """Scenes of hollow figures, every figure called "outlined"; the base model ignores the word."""
    rng = random.Random(f"outlined {indices}")
    stack = TextStack.load(work / "text")
    scenes = [world.restyled(world.scene_at(77_000 + i), outlined=True) for i in indices]
    captions = [world.caption(scene, rng) for scene in scenes]
    return Batches(Prepared.of(stack, scenes, captions), stack, seed)
