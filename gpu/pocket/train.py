"""Trains the pocket models from nothing: `python -m gpu.pocket.train [stage ...] --minutes N --work DIR`.

Stages run in the order of `STAGES`. Each one resumes from its checkpoint in the work folder, and ends at
once when its minutes are spent already; a fresh folder starts over. Minutes are divided over the stages
that are asked for, by `WEIGHTS`. Refine, decoder, ControlNet, LoRA and CLIP are trained on the checkpoint in
the output folder, so that `train refine decoder controlnet lora` trains the shipped one on and renews what
hangs on it (CLIP hangs on its text encoders only).
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gpu.pocket import (
    CHECKPOINT,
    HERE,
    VIDEO,
    clip,
    controlnet,
    decoder,
    lora,
    refine,
    text,
    unet,
    vae,
    video,
)
from gpu.pocket.checkpoint import export_part, export_pipeline
from gpu.pocket.evaluate import Sampling, evaluate

BASE: dict[str, Callable[[Path, float], None]] = {
    "vae": vae.train,
    "text": text.train,
    "unet": unet.train,
}
ON_CHECKPOINT: dict[str, Callable[[Path, float, Path], None]] = {
    "refine": refine.train,
    "decoder": decoder.train,
    "controlnet": controlnet.train,
    "lora": lora.train,
    "clip": clip.train,
}
WEIGHTS = {
    "vae": 6, "text": 3, "unet": 85, "refine": 60, "decoder": 8, "controlnet": 13, "lora": 5, "clip": 8,
}  # fmt: skip
STAGES = (*BASE, *ON_CHECKPOINT, "video", "evaluate")


def minutes_for(stages: list[str], total: float) -> dict[str, float]:
    """The total divided over the training stages among `stages`, in their order."""
    chosen = {name: weight for name, weight in WEIGHTS.items() if name in stages}
    whole = sum(chosen.values())
    return {name: total * weight / whole for name, weight in chosen.items()}


def run(stages: list[str], minutes: float, work: Path, output: Path) -> None:
    """Train the base stages and export the checkpoint, then what belongs to it, then measure."""
    work.mkdir(parents=True, exist_ok=True)
    shares = minutes_for(stages, minutes)
    base, later = ([name for name in part if name in shares] for part in (BASE, ON_CHECKPOINT))
    for name in base:
        with timed(name, shares[name]):
            BASE[name](work, shares[name])
    if "unet" in base:
        export_pipeline(work, output / CHECKPOINT.name)
    for name in later:
        with timed(name, shares[name]):
            ON_CHECKPOINT[name](work, shares[name], output / CHECKPOINT.name)
        export_part(work, output, name)
    if "video" in stages:
        video.build(output / VIDEO.name)
    if "evaluate" in stages:
        print(json.dumps(evaluate(200, Sampling(), output / "contact.png", output), indent=1))


@contextmanager
def timed(name: str, minutes: float) -> Iterator[None]:
    started = time.monotonic()
    print(f"stage {name}: {minutes:.1f} min", flush=True)
    yield
    print(f"stage {name} took {(time.monotonic() - started) / 60:.1f} min", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stages", nargs="*", metavar="stage", help=f"of {', '.join(STAGES)}; all")
    parser.add_argument("--minutes", type=float, default=120, help="for all stages together")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for the exported models")
    options = parser.parse_args()
    unknown = set(options.stages) - set(STAGES)
    if unknown:
        parser.error(f"unknown stages: {', '.join(sorted(unknown))}")
    run(options.stages or list(STAGES), options.minutes, options.work, options.output)


if __name__ == "__main__":
    main()
