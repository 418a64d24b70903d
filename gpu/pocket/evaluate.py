"""Figures of the pocket models, measured on their pictures: `python -m gpu.pocket.evaluate`.

Prompts are plain captions of held-out scenes: their (colour, shape, background) triples never occur in
training. Every rate is in percent.
"""

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from diffusers import (
    ControlNetModel,
    StableDiffusionXLControlNetPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
    StableDiffusionXLPipeline,
)
from PIL import Image

from gpu.pocket import CHECKPOINT, CONTROLNET, HERE, LORA, world
from gpu.pocket.edges import control_picture
from gpu.pocket.judge import Found, Reading, judge

STEPS, GUIDANCE = 20, 3.0
BATCH = 10
NEAR = 16
SIZE_TOLERANCE = 0.25
CONTROL_SCENES, LORA_SCENES = 32, 32


@dataclass(frozen=True)
class Sampling:
    """How pictures are drawn."""

    steps: int = STEPS
    guidance: float = GUIDANCE

    def draw(
        self, pipeline: StableDiffusionXLPipeline, prompts: list[str], **inputs: object
    ) -> list[Image.Image]:
        """One picture per prompt; the n-th has seed 1000 + n. A list among `inputs` is per prompt."""
        pictures = []
        for start in range(0, len(prompts), BATCH):
            part = slice(start, start + BATCH)
            batch = {k: v[part] if isinstance(v, list) else v for k, v in inputs.items()}
            seeds = range(1000, 1000 + len(prompts))[part]
            pictures += pipeline(
                prompts[part],
                num_inference_steps=self.steps,
                guidance_scale=self.guidance,
                generator=[torch.Generator().manual_seed(seed) for seed in seeds],
                **batch,
            ).images
        return pictures


def load_pipeline(checkpoint: Path = CHECKPOINT) -> StableDiffusionXLPipeline:
    pipeline = StableDiffusionXLPipeline.from_pretrained(checkpoint, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


# --- text to image --------------------------------------------------------------------------------


def prompt_figures(
    pipeline: StableDiffusionXLPipeline, samples: list[world.Sample], sampling: Sampling
) -> tuple[dict, list[Image.Image]]:
    """Rates for scenes of one and of two figures, and the pictures."""
    started = time.perf_counter()
    pictures = sampling.draw(pipeline, [sample.caption for sample in samples])
    seconds = (time.perf_counter() - started) / len(samples)
    single, double = Tally(), Tally()
    for sample, picture in zip(samples, pictures, strict=True):
        scene, reading = sample.scene, judge(picture)
        if scene.relation:
            _count_pair(double, scene, reading)
        else:
            _count_single(single, scene, reading)
    figures = {
        "one_figure": single.rates(),
        "two_figures": double.rates(),
        "seconds_per_picture_in_batches": round(seconds, 3),
    }
    return figures, pictures


class Tally:
    """Right answers per question."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.right: Counter[str] = Counter()

    def add(self, question: str, is_right: bool) -> None:
        self.asked[question] += 1
        self.right[question] += bool(is_right)

    def rates(self) -> dict[str, float]:
        rates = {q: round(100 * self.right[q] / n, 1) for q, n in self.asked.items()}
        return {"prompts": self.asked["background"], **rates}


NOTHING = Found("", "", (-99.0, -99.0), 0, 0.0)


def _count_single(tally: Tally, scene: world.Scene, reading: Reading) -> None:
    wanted = scene.figures[0]
    found = reading.objects[0] if reading.objects else NOTHING
    answers = {
        "background": reading.background == scene.background,
        "color": found.color == wanted.color,
        "shape": found.shape == wanted.shape,
    }
    for question, is_right in answers.items():
        tally.add(question, is_right)
    tally.add("all", all(answers.values()))
    if wanted.position:
        tally.add("position", _is_placed(found, wanted.position))
    if wanted.size:
        tally.add("size", _is_sized(found, wanted))


def _is_placed(found: Found, position: str) -> bool:
    offset = np.subtract(found.center, world.SIZE / 2) - world.POSITIONS[position]
    return bool(np.abs(offset).max() < NEAR)


def _is_sized(found: Found, wanted: world.Figure) -> bool:
    """Within a quarter of the usual width of a figure called so."""
    usual = replace(wanted, radius=world.RADII[wanted.size], center=(64, 64))
    ratio = (found.area / _solid(world.figure_mask(usual)).sum()) ** 0.5
    return abs(ratio - 1) < SIZE_TOLERANCE


def _count_pair(tally: Tally, scene: world.Scene, reading: Reading) -> None:
    axis = 1 if scene.relation in ("above", "below") else 0
    found = sorted(reading.objects[:2], key=lambda one: one.center[axis])
    wanted = scene.figures[::-1] if scene.relation == "below" else scene.figures
    tally.add("background", reading.background == scene.background)
    tally.add("count", len(reading.objects) == 2)
    tally.add("colors", [one.color for one in found] == [one.color for one in wanted])
    tally.add("shapes", [one.shape for one in found] == [one.shape for one in wanted])


# --- ControlNet -----------------------------------------------------------------------------------


def control_figures(
    pipeline: StableDiffusionXLPipeline, controlnet: Path, sampling: Sampling
) -> tuple[dict, list[list[Image.Image]]]:
    """How exactly the figure follows the edges, without and with the ControlNet; rows of pictures."""
    samples = _control_samples(CONTROL_SCENES)
    prompts = [world.caption(_unplaced(sample.scene)) for sample in samples]
    edges = [control_picture(sample.image) for sample in samples]
    net = ControlNetModel.from_pretrained(controlnet, dtype=torch.float32)
    controlled = StableDiffusionXLControlNetPipeline.from_pipe(pipeline, controlnet=net)
    controlled.set_progress_bar_config(disable=True)
    free = sampling.draw(pipeline, prompts)
    bound = sampling.draw(controlled, prompts, image=edges, controlnet_conditioning_scale=1.0)
    idle = sampling.draw(controlled, prompts[:8], image=edges[:8], controlnet_conditioning_scale=0.0)
    figures = {
        "without": _agreement(samples, free),
        "with": _agreement(samples, bound),
        "scale_0_is_identical": are_identical(sampling.draw(pipeline, prompts[:8]), idle),
    }
    return figures, [[sample.image for sample in samples], edges, free, bound]


def _control_samples(count: int) -> list[world.Sample]:
    """Held-out single figures; small ones leave too little to compare."""
    samples = (world.sample(700_000 + i, held_out=True, pair=False) for i in range(4 * count))
    return [sample for sample in samples if sample.scene.figures[0].size != "small"][:count]


def _unplaced(scene: world.Scene) -> world.Scene:
    return replace(world.unplaced(scene), gradient=False)


def _agreement(samples: list[world.Sample], pictures: list[Image.Image]) -> dict[str, float]:
    """Mean IoU, mean distance of the centres (px), and rate of right colour, background and shape."""
    tally, overlaps, distances = Tally(), [], []
    for sample, picture in zip(samples, pictures, strict=True):
        figure, reading = sample.scene.figures[0], judge(picture)
        found = reading.objects[0] if reading.objects else NOTHING
        wanted = _solid(world.figure_mask(figure))
        overlaps.append((reading.mask & wanted).sum() / (reading.mask | wanted).sum())
        center = np.argwhere(wanted).mean(0)[::-1]
        distances.append(float(np.linalg.norm(center - found.center)))
        tally.add("background", reading.background == sample.scene.background)
        tally.add("color", found.color == figure.color)
        tally.add("shape", found.shape == figure.shape)
    return {
        "iou": round(float(np.mean(overlaps)), 3),
        "center_distance": round(float(np.mean(distances)), 1),
        **tally.rates(),
    }


def _solid(mask: Image.Image) -> np.ndarray:
    return np.asarray(mask) > 127


def are_identical(pictures: list[Image.Image], others: list[Image.Image]) -> bool:
    pairs = zip(pictures, others, strict=True)
    return all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in pairs)


# --- LoRA -----------------------------------------------------------------------------------------


def lora_figures(
    pipeline: StableDiffusionXLPipeline, lora: Path, sampling: Sampling
) -> tuple[dict, list[list[Image.Image]]]:
    """How many figures are hollow without and with the LoRA; rows of pictures."""
    scenes = [world.scene_at(800_000 + i, held_out=True, pair=False) for i in range(2 * LORA_SCENES)]
    scenes = [scene for scene in scenes if scene.figures[0].shape != "ring"][:LORA_SCENES]
    prompts = [_outlined_prompt(scene) for scene in scenes]
    before = sampling.draw(pipeline, prompts)
    pipeline.load_lora_weights(lora)
    styled = sampling.draw(pipeline, prompts)
    pipeline.unload_lora_weights()
    after = sampling.draw(pipeline, prompts)
    named = [_names_match(scene, judge(picture)) for scene, picture in zip(scenes, styled, strict=True)]
    figures = {
        "prompts": len(prompts),
        "hollow_without": round(100 * float(np.mean([is_hollow(p) for p in before])), 1),
        "hollow_with": round(100 * float(np.mean([is_hollow(p) for p in styled])), 1),
        "color_and_background_with": round(100 * float(np.mean(named)), 1),
        "unloaded_is_identical": are_identical(before, after),
    }
    return figures, [before, styled]


def _outlined_prompt(scene: world.Scene) -> str:
    figure = replace(scene.figures[0], size="large", position="", outlined=True)
    plain = replace(scene, gradient=False, figures=(figure,))
    return world.caption(plain)


def _names_match(scene: world.Scene, reading: Reading) -> bool:
    found = reading.objects[0] if reading.objects else NOTHING
    return (found.color, reading.background) == (scene.figures[0].color, scene.background)


def is_hollow(picture: Image.Image) -> bool:
    """Whether the largest figure encloses background at the middle of its bounding box."""
    mask = judge(picture).mask.astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return False
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    holes = cv2.connectedComponents((labels != largest).astype(np.uint8), connectivity=4)[1]
    y, x = (int(value.mean()) for value in np.nonzero(labels == largest))
    inside = holes[y - 2 : y + 3, x - 2 : x + 3]
    return bool((inside > 0).all() and (inside != holes[0, 0]).all())


# --- editing --------------------------------------------------------------------------------------

EDITS = 8


def edit_figures(
    pipeline: StableDiffusionXLPipeline, sampling: Sampling
) -> tuple[dict, list[list[Image.Image]]]:
    """Image to image (a red circle turns yellow) and inpainting (a circle joins a square)."""
    turned = _turned_yellow(pipeline, sampling)
    joined, kept = _joined_by_a_circle(pipeline, sampling)
    yellow = [judge(picture).objects[:1] for picture in turned]
    colors = [{found.color for found in judge(picture).objects} for picture in joined]
    figures = {
        "image_to_image_color": _percent([bool(o) and o[0].color == "yellow" for o in yellow]),
        "image_to_image_shape": _percent([bool(o) and o[0].shape == "circle" for o in yellow]),
        "inpaint_adds_red": _percent(["red" in found for found in colors]),
        "inpaint_keeps_green": _percent(["green" in found for found in colors]),
        "inpaint_change_outside_of_255": round(kept, 2),
    }
    return figures, [turned, joined]


def _percent(answers: list[bool]) -> float:
    return round(100 * float(np.mean(answers)), 1)


def _canvas(background: str, shape: str, color: str, center: tuple[float, float]) -> Image.Image:
    figure = world.Figure(color, shape, world.COLORS[color], center, 26, 0.0)
    return world.render(world.Scene(background, world.COLORS[background], False, (figure,)))


def _turned_yellow(pipeline: StableDiffusionXLPipeline, sampling: Sampling) -> list[Image.Image]:
    editor = StableDiffusionXLImg2ImgPipeline.from_pipe(pipeline)
    source = _canvas("blue", "circle", "red", (50, 70))
    prompts = ["a yellow circle on a blue background"] * EDITS
    return sampling.draw(editor, prompts, image=[source] * EDITS, strength=0.7)


def _joined_by_a_circle(
    pipeline: StableDiffusionXLPipeline, sampling: Sampling
) -> tuple[list[Image.Image], float]:
    """Pictures whose right half was inpainted, and the mean change of the left half (0..255)."""
    editor = StableDiffusionXLInpaintPipeline.from_pipe(pipeline)
    source = _canvas("white", "square", "green", (32, 64))
    half = world.SIZE // 2
    mask = Image.new("L", source.size, 0)
    mask.paste(255, (half, 0, world.SIZE, world.SIZE))
    prompts = ["a green square and a red circle on a white background"] * EDITS
    pictures = sampling.draw(
        editor,
        prompts,
        image=[source] * EDITS,
        mask_image=[mask] * EDITS,
        strength=1.0,
        width=world.SIZE,
        height=world.SIZE,
    )
    left = slice(0, half - 4)
    before = np.asarray(source, np.float32)[:, left]
    changes = [np.abs(np.asarray(p, np.float32)[:, left] - before).mean() for p in pictures]
    return pictures, float(np.mean(changes))


# --- contact sheet --------------------------------------------------------------------------------


def contact_sheet(rows: list[list[Image.Image]], columns: int = 8) -> Image.Image:
    tile = world.SIZE + 4
    sheet = Image.new("RGB", (columns * tile, len(rows) * tile), (90, 90, 90))
    for y, row in enumerate(rows):
        for x, picture in enumerate(row[:columns]):
            sheet.paste(picture, (x * tile + 2, y * tile + 2))
    return sheet


def evaluate(prompts: int, sampling: Sampling, contact: Path | None, models: Path = HERE) -> dict:
    """All figures; writes the contact sheet: four rows of prompts, then ControlNet, LoRA, edits."""
    pipeline = load_pipeline(models / CHECKPOINT.name)
    samples = [world.sample(i, held_out=True) for i in range(prompts)]
    figures, pictures = prompt_figures(pipeline, samples, sampling)
    figures = {"steps": sampling.steps, "guidance": sampling.guidance, **figures}
    figures["controlnet"], control_rows = control_figures(pipeline, models / CONTROLNET.name, sampling)
    figures["lora"], lora_rows = lora_figures(pipeline, models / LORA.name, sampling)
    figures["edits"], edit_rows = edit_figures(pipeline, sampling)
    if contact:
        rows = [pictures[start : start + 8] for start in range(0, 32, 8)]
        contact_sheet([*rows, *control_rows, *lora_rows, *edit_rows]).save(contact)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--guidance", type=float, default=GUIDANCE)
    parser.add_argument("--models", type=Path, default=HERE, help="folder with the three models")
    parser.add_argument("--contact", type=Path, help="write a contact sheet here")
    options = parser.parse_args()
    sampling = Sampling(options.steps, options.guidance)
    print(json.dumps(evaluate(options.prompts, sampling, options.contact, options.models), indent=1))


if __name__ == "__main__":
    main()
