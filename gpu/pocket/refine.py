"""Training of a finished checkpoint's UNet further, on its own latents and with its own text encoders."""

from pathlib import Path

from gpu.pocket import world
from gpu.pocket.controlnet import load_unet
from gpu.pocket.dataset import Noise, checkpoint_batches
from gpu.pocket.parallel import WORLD, Replica, Settings, Shared, launch, parameter_count
from gpu.pocket.unet import velocity_loss

PICTURES = 24_000
RATE = 8e-4
FOCUS = (480.0, 230.0)  # timesteps: mean and deviation of four in five


def train(work: Path, minutes: float, checkpoint: Path) -> None:
    """Train on from `work` if it was interrupted, else from the checkpoint; writes `work`/refined."""
    settings = Settings(minutes, RATE, weight_decay=1e-2, average=0.998, hold=0.4, checkpoint=work / "refine")
    launch(_worker, parameter_count([load_unet(checkpoint)]), work, settings, checkpoint)


def _worker(rank: int, shared: Shared, work: Path, settings: Settings, checkpoint: Path) -> None:
    unet = load_unet(checkpoint).train()
    replica = Replica(rank, shared, [unet], settings)
    scenes = [world.scene_at(index) for index in range(rank, PICTURES, WORLD)]
    file = work / f"refine-pictures.rank{rank}.pt"
    batches = checkpoint_batches(checkpoint, scenes, file, f"{rank}/{replica.step_count}")
    noise = Noise(FOCUS, rank, WORLD)
    for _ in replica.steps():
        replica.step(velocity_loss(unet, batches, noise))
    replica.load_average()
    if rank == 0:
        unet.float().save_pretrained(work / "refined")
