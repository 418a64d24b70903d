"""Trains the pocket models from nothing: `python -m gpu.pocket.train [stage ...] --minutes N --work DIR`.

Stages run in the order of `STAGES`. Each one resumes from its checkpoint in the work folder, and ends at
once when its minutes are spent already; a fresh folder starts over. Minutes are divided over the stages
that are asked for, by their weights here.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gpu.pocket import HERE, controlnet, decoder, lora, text, unet, vae
from gpu.pocket.checkpoint import export
from gpu.pocket.evaluate import Sampling, evaluate


@dataclass(frozen=True)
class Stage:
    """A part of the training that takes `weight` parts of the time."""

    train: Callable[[Path, float], None]
    weight: float


STAGES: dict[str, Stage] = {
    "vae": Stage(vae.train, 6),
    "text": Stage(text.train, 3),
    "unet": Stage(unet.train, 85),
    "decoder": Stage(decoder.train, 8),
    "controlnet": Stage(controlnet.train, 13),
    "lora": Stage(lora.train, 5),
}
CLOSING = ("export", "evaluate")


def minutes_for(stages: list[str], total: float) -> dict[str, float]:
    """The total divided over the training stages among `stages`."""
    chosen = {name: STAGES[name].weight for name in STAGES if name in stages}
    whole = sum(chosen.values())
    return {name: total * weight / whole for name, weight in chosen.items()}


def run(stages: list[str], minutes: float, work: Path, output: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    for name, share in minutes_for(stages, minutes).items():
        started = time.monotonic()
        print(f"stage {name}: {share:.1f} min", flush=True)
        STAGES[name].train(work, share)
        print(f"stage {name} took {(time.monotonic() - started) / 60:.1f} min", flush=True)
    if "export" in stages:
        export(work, output)
    if "evaluate" in stages:
        figures = evaluate(200, Sampling(), output / "contact.png", output)
        print(json.dumps(figures, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [*STAGES, *CLOSING]
    parser.add_argument("stages", nargs="*", metavar="stage", help=f"of {', '.join(names)}; all")
    parser.add_argument("--minutes", type=float, default=120, help="for all stages together")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for the exported models")
    options = parser.parse_args()
    unknown = set(options.stages) - set(names)
    if unknown:
        parser.error(f"unknown stages: {', '.join(sorted(unknown))}")
    run(options.stages or names, options.minutes, options.work, options.output)


if __name__ == "__main__":
    main()
