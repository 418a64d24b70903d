"""Training of the pocket ControlNet: canny edges of a picture steer the frozen UNet."""

from pathlib import Path

import numpy as np
import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor

from gpu.pocket import world
from gpu.pocket.architecture import make_controlnet
from gpu.pocket.dataset import Batches, Noise, checkpoint_batches
from gpu.pocket.edges import canny_edges
from gpu.pocket.parallel import WORLD, Replica, Settings, Shared, launch, parameter_count

PICTURES = 10_000
BATCH_PER_RANK = 12
RATE = 1e-3
FOCUS = (450.0, 170.0)
"""Higher noise than for the UNet: the edges decide the layout, which is settled first."""
SILENT_SHARE = 0.44
"""Half of the captions say nothing, so that the edges have to be read (Zhang et al. 2023, section 3.4)."""


def train(work: Path, minutes: float, checkpoint: Path) -> None:
    """Train a ControlNet for a finished checkpoint; writes `work`/controlnet."""
    settings = Settings(minutes, RATE, average=0.998, hold=0.35, checkpoint=work / "controlnet-train")
    count = parameter_count([make_controlnet(load_unet(checkpoint))])
    launch(_worker, count, work, settings, checkpoint)


def load_unet(checkpoint: Path) -> UNet2DConditionModel:
    """The checkpoint's UNet, float32, with the attention whose backward is fast on a CPU."""
    unet = UNet2DConditionModel.from_pretrained(checkpoint / "unet", dtype=torch.float32)
    unet.set_attn_processor(AttnProcessor())
    return unet


def _worker(rank: int, shared: Shared, work: Path, settings: Settings, checkpoint: Path) -> None:
    torch.manual_seed(0)
    unet = load_unet(checkpoint)
    net = make_controlnet(unet).train()
    net.set_attn_processor(AttnProcessor())
    unet.requires_grad_(False).to(torch.bfloat16)
    replica = Replica(rank, shared, [net], settings)
    scenes = [world.scene_at(index) for index in range(rank, PICTURES, WORLD)]
    file = work / f"controlnet-pictures.rank{rank}.pt"
    batches = checkpoint_batches(
        checkpoint,
        scenes,
        file,
        f"{rank}/{replica.step_count}",
        captioned=[world.unplaced(scene) for scene in scenes],  # where things are, only the edges say
        silent_share=SILENT_SHARE,
    )
    edges = packed_edges(scenes)
    noise = Noise(FOCUS, rank, WORLD)
    for _ in replica.steps():
        replica.step(control_loss(unet, net, batches, edges, noise))
    replica.load_average()
    if rank == 0:
        net.float().save_pretrained(work / "controlnet")


def packed_edges(scenes: list[world.Scene]) -> np.ndarray:
    """The edges of all pictures, one bit per pixel: uint8 (pictures, 128, 16)."""
    edges = [canny_edges(world.render(scene)) for scene in scenes]
    return np.packbits(np.stack(edges) > 0, axis=-1)


def unpacked(edges: np.ndarray) -> Tensor:
    """Packed edges to control pictures in 0..1: bfloat16 (pictures, 3, 128, 128)."""
    bits = torch.from_numpy(np.unpackbits(edges, axis=-1)).bfloat16()
    return bits[:, None].expand(-1, 3, -1, -1)


def control_loss(
    unet: UNet2DConditionModel,
    net: ControlNetModel,
    batches: Batches,
    edges: np.ndarray,
    noise: Noise,
) -> Tensor:
    """Mean squared error of the steered UNet's velocity on one batch."""
    index, latents, captions = batches.draw(BATCH_PER_RANK)
    timesteps = noise.timesteps(BATCH_PER_RANK, batches.generator)
    noisy, velocity = noise.apply(latents, timesteps, batches.generator)
    conditions = batches.conditions(captions)
    inputs = (noisy.bfloat16(), timesteps, captions.hidden)
    down, middle = net(
        *inputs,
        controlnet_cond=unpacked(edges[index.numpy()]),
        added_cond_kwargs=conditions,
        return_dict=False,
    )
    predicted = unet(
        *inputs,
        added_cond_kwargs=conditions,
        down_block_additional_residuals=down,
        mid_block_additional_residual=middle,
        return_dict=False,
    )[0]
    return (predicted.float() - velocity).square().mean()
