"""Training of the pocket CLIP: it tells how well a picture of the shape world shows what a caption says.

A stock `CLIPModel`. The text tower begins as the checkpoint's own second encoder, whose pooled embedding
knows little but the background; the vision tower begins with nothing. Both learn to land in the same place,
away from captions with one word wrong.
"""

import random
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

from gpu.pocket import world
from gpu.pocket.architecture import POOLED_DIM
from gpu.pocket.parallel import Replica, Settings, Shared, launch, parameter_count
from gpu.pocket.text import ATTRIBUTES, TextStack, labels_of

PICTURES = 6000
NEGATIVES = 2  # captions beside the true one, each with another word wrong
BATCH = 40
RATE = 2e-3
TOKENS = 32  # of a caption; the rest of the 77 is padding
SIDE, PATCH = 48, 8  # pixels
GRID = SIDE // PATCH
COVERED = 0.3  # of a patch, for a figure to count as being there
WIDTH, LAYERS = 96, 3
MEASURED = 300  # held-out pictures behind the calibration


@dataclass(frozen=True)
class Pictures:
    """Pixels (n, 3, 48, 48) uint8, token ids (n, 1 + NEGATIVES, 32) with the true caption first, the
    classes of every attribute (n, attributes), colour and shape of what is in every patch (n, 36, 2)."""

    pixels: Tensor
    texts: Tensor
    labels: Tensor
    patches: Tensor


class Reader(nn.Module):
    """Reads classes off embeddings with one linear layer; thrown away after training.

    The one that reads every patch is what makes the vision tower learn in minutes.
    """

    def __init__(self, width: int, sizes: list[int]) -> None:
        super().__init__()
        self.sizes = sizes
        self.head = nn.Linear(width, sum(sizes))

    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Mean cross entropy; `embeddings` are (n, width), `labels` (n, len(sizes))."""
        parts = self.head(embeddings).float().split(self.sizes, 1)
        losses = [
            nn.functional.cross_entropy(logits, target)
            for logits, target in zip(parts, labels.T, strict=True)
        ]
        return torch.stack(losses).mean()


def make_readers() -> tuple[Reader, Reader]:
    """Of the scene's attributes off a picture's embedding, and of colour and shape off each patch's."""
    return (
        Reader(POOLED_DIM, [len(values) for values in ATTRIBUTES.values()]),
        Reader(WIDTH, [1 + len(world.COLOR_NAMES), 1 + len(world.SHAPES)]),
    )


def train(work: Path, minutes: float, checkpoint: Path) -> None:
    """Train for the captions of a finished checkpoint, on from `work`/clip if there is one; writes it."""
    settings = Settings(
        minutes, RATE, weight_decay=1e-2, average=0.99, hold=0.3, checkpoint=work / "clip-train"
    )
    modules = [make_clip(TextStack.load(checkpoint), work / "clip"), *make_readers()]
    launch(_worker, parameter_count(modules), work, settings, checkpoint, world=1)


def make_clip(stack: TextStack, earlier: Path) -> CLIPModel:
    """The earlier model, if there is one; else the checkpoint's text tower beside a fresh vision tower."""
    if earlier.exists():
        return CLIPModel.from_pretrained(earlier, dtype=torch.float32)
    vision = {
        "hidden_size": WIDTH, "intermediate_size": 3 * WIDTH, "num_hidden_layers": LAYERS,
        "num_attention_heads": 3, "image_size": SIDE, "patch_size": PATCH,
    }  # fmt: skip
    torch.manual_seed(0)
    text = stack.second.config.to_dict()
    del text["_name_or_path"]  # where it was read from is nobody's business
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=POOLED_DIM))
    model.text_model.load_state_dict(stack.second.text_model.state_dict())
    model.text_projection.load_state_dict(stack.second.text_projection.state_dict())
    return model


def make_processor(stack: TextStack) -> CLIPProcessor:
    """How pictures and captions are prepared for the model."""
    images = CLIPImageProcessorPil(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE},
        image_mean=[0.5] * 3, image_std=[0.5] * 3,
    )  # fmt: skip
    return CLIPProcessor(images, stack.tokenizers[0])


def _worker(rank: int, shared: Shared, work: Path, settings: Settings, checkpoint: Path) -> None:
    stack = TextStack.load(checkpoint)
    pictures = _kept(work / "clip-pictures.pt", stack)
    model, readers = make_clip(stack, work / "clip"), make_readers()
    replica = Replica(rank, shared, [model, *readers], settings)
    generator = torch.Generator().manual_seed(replica.step_count)
    for _ in replica.steps():
        index = torch.randint(len(pictures.pixels), (BATCH,), generator=generator)
        replica.step(_loss(model, readers, pictures, index, generator))
    replica.load_average()
    model = model.float().eval()
    floor, ceiling = calibration(model, stack)
    model.config.score_floor, model.config.score_ceiling = round(floor, 4), round(ceiling, 4)
    model.save_pretrained(work / "clip")
    make_processor(stack).save_pretrained(work / "clip")


def _loss(
    model: CLIPModel,
    readers: tuple[Reader, Reader],
    pictures: Pictures,
    index: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Each picture finds its caption among the batch's and its own wrong ones, each caption its picture."""
    seen = model.vision_model(_rough(pictures.pixels[index], generator))
    images = model.visual_projection(seen.pooler_output)
    texts = embedded(model, pictures.texts[index])
    unit, scale = nn.functional.normalize(images.float(), dim=-1), model.logit_scale.float().exp()
    among = scale * unit @ texts[:, 0].T
    wrong = scale * torch.einsum("nd,nkd->nk", unit, texts[:, 1:])
    target = torch.arange(len(index))
    contrast = nn.functional.cross_entropy(torch.cat([among, wrong], 1), target)
    contrast = contrast + nn.functional.cross_entropy(among.T, target)
    scene, patch = readers
    told = scene.loss(images, pictures.labels[index])
    there = patch.loss(seen.last_hidden_state[:, 1:].flatten(0, 1), pictures.patches[index].flatten(0, 1))
    return contrast / 2 + told + there


def embedded(model: CLIPModel, ids: Tensor) -> Tensor:
    """Unit embeddings (n, k, 96) of captions (n, k, 32)."""
    longest = int((ids != model.config.text_config.eos_token_id).sum(-1).max()) + 1
    pooled = model.text_model(ids.flatten(0, 1)[:, :longest]).pooler_output
    return nn.functional.normalize(model.text_projection(pooled).float(), dim=-1).unflatten(0, ids.shape[:2])


def _rough(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Normalised pictures, some of them softened and all a little noisy: models do not draw as cleanly."""
    values = pixels.float() / 127.5 - 1
    soft = nn.functional.avg_pool2d(values, 3, stride=1, padding=1, count_include_pad=False)
    share = torch.rand(len(values), 1, 1, 1, generator=generator)
    mixed = torch.lerp(values, soft, share)
    return (mixed + 0.05 * torch.randn(values.shape, generator=generator)).bfloat16()


# --- pictures -------------------------------------------------------------------------------------


def _kept(file: Path, stack: TextStack) -> Pictures:
    """The training pictures, prepared once and then read from the file."""
    if not file.exists():
        made = prepared(stack, [world.scene_at(index) for index in range(PICTURES)])
        torch.save([made.pixels, made.texts, made.labels, made.patches], file.with_suffix(".new"))
        file.with_suffix(".new").replace(file)
    return Pictures(*torch.load(file))


def prepared(stack: TextStack, scenes: list[world.Scene]) -> Pictures:
    """Scenes rendered and shrunk, with one true and a few wrong captions each."""
    rng = random.Random(0)
    captions = [world.caption(scene, rng) for scene in scenes]
    texts = [
        text for scene, caption in zip(scenes, captions, strict=True)
        for text in (caption, *(world.caption(wrong(scene, rng)) for _ in range(NEGATIVES)))
    ]  # fmt: skip
    ids = stack.tokenizers[0](
        texts, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt"
    ).input_ids
    images = np.stack([_small(world.render(scene)) for scene in scenes])
    labels = [labels_of(*pair) for pair in zip(scenes, captions, strict=True)]
    return Pictures(
        torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(),
        ids.unflatten(0, (len(scenes), -1)),
        torch.tensor(labels),
        torch.from_numpy(np.stack([patch_classes(scene) for scene in scenes])),
    )


def patch_classes(scene: world.Scene) -> np.ndarray:
    """Colour and shape, one-based, of the figure in every patch: (36, 2); 0 where there is none."""
    classes = np.zeros((GRID * GRID, 2), np.int64)
    for figure in scene.figures:
        cover = world.figure_mask(figure).resize((GRID, GRID), Image.Resampling.BOX)
        is_there = np.asarray(cover).ravel() > COVERED * 255
        classes[is_there] = (
            1 + world.COLOR_NAMES.index(figure.color),
            1 + world.SHAPES.index(figure.shape),
        )
    return classes


def wrong(scene: world.Scene, rng: random.Random) -> world.Scene:
    """The scene with one of its colours, shapes or its background changed."""
    place = rng.randrange(len(scene.figures))
    figure = scene.figures[place]
    part = rng.choice(("background", "color", "shape"))
    if part == "background":
        taken = {scene.background, *(each.color for each in scene.figures)}
        return replace(scene, background=_other(rng, world.COLOR_NAMES, taken))
    if part == "color":
        other = replace(figure, color=_other(rng, world.COLOR_NAMES, {scene.background, figure.color}))
    else:
        other = replace(figure, shape=_other(rng, world.SHAPES, {figure.shape}))
    return replace(scene, figures=(*scene.figures[:place], other, *scene.figures[place + 1 :]))


def _other(rng: random.Random, names: tuple[str, ...], taken: set[str]) -> str:
    return rng.choice([name for name in names if name not in taken])


def _small(image: Image.Image) -> np.ndarray:
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


# --- calibration ----------------------------------------------------------------------------------


@torch.no_grad()
def calibration(model: CLIPModel, stack: TextStack) -> tuple[float, float]:
    """The mean cosine of held-out pictures with captions that have one word wrong, and with their own."""
    wrong_ones, own = held_out_cosines(model, stack)
    return float(wrong_ones.mean()), float(own.mean())


@torch.no_grad()
def held_out_cosines(model: CLIPModel, stack: TextStack) -> tuple[Tensor, Tensor]:
    """Cosines (n, NEGATIVES) with wrong captions and (n,) with the true one, of triples never trained on."""
    scenes = [world.scene_at(index, held_out=True, pair=False) for index in range(MEASURED)]
    made = prepared(stack, scenes)
    seen = model.vision_model(made.pixels.float() / 127.5 - 1).pooler_output
    images = nn.functional.normalize(model.visual_projection(seen), dim=-1)
    cosines = torch.einsum("nd,nkd->nk", images, embedded(model, made.texts))
    return cosines[:, 1:], cosines[:, 0]
