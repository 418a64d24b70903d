"""Trains the UNet of a finished checkpoint further, on its own latents and with its own text encoders.

`python -m gpu.pocket.refine --minutes N --work DIR`: reads and replaces the shipped UNet.
"""

import argparse
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor

from gpu.pocket import CHECKPOINT, world
from gpu.pocket.dataset import Noise, checkpoint_batches
from gpu.pocket.parallel import WORLD, Replica, Settings, Shared, launch, parameter_count
from gpu.pocket.unet import velocity_loss

PICTURES = 24_000
RATE = 8e-4
FOCUS = (480.0, 230.0)  # timesteps: mean and deviation of four in five


def train(work: Path, minutes: float) -> None:
    """Train on from `work` if it was interrupted, else from the shipped weights; writes `work`/refined."""
    work.mkdir(parents=True, exist_ok=True)
    settings = Settings(minutes, RATE, weight_decay=1e-2, average=0.998, hold=0.4, checkpoint=work / "refine")
    launch(_worker, parameter_count([shipped_unet()]), work, settings)


def shipped_unet() -> UNet2DConditionModel:
    return UNet2DConditionModel.from_pretrained(CHECKPOINT / "unet", dtype=torch.float32)


def _worker(rank: int, shared: Shared, work: Path, settings: Settings) -> None:
    unet = shipped_unet().train()
    unet.set_attn_processor(AttnProcessor())  # SDPA's backward is slow on a CPU at these sizes
    replica = Replica(rank, shared, [unet], settings)
    scenes = [world.scene_at(index) for index in range(rank, PICTURES, WORLD)]
    file = work / f"refine-pictures.rank{rank}.pt"
    batches = checkpoint_batches(CHECKPOINT, scenes, file, f"{rank}/{replica.step_count}")
    noise = Noise(FOCUS, rank, WORLD)
    for _ in replica.steps():
        replica.step(velocity_loss(unet, batches, noise))
    replica.load_average()
    if rank == 0:
        unet.float().save_pretrained(work / "refined")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    options = parser.parse_args()
    train(options.work, options.minutes)
    refined = UNet2DConditionModel.from_pretrained(options.work / "refined", dtype=torch.float16)
    refined.register_to_config(_name_or_path="")  # not where it was trained
    refined.save_pretrained(CHECKPOINT / "unet")


if __name__ == "__main__":
    main()
