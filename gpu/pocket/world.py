"""The shape world: scenes of one or two coloured figures, their pictures and their captions.

Everything is drawn from a `random.Random`, so the same seed gives the same scene, picture and words.
Lengths are pixels of a 128 x 128 picture, y grows downwards, colours are RGB in 0..255.
"""

import math
import random
import zlib
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

SIZE = 128
SUPERSAMPLING = 3

RGB = tuple[int, int, int]
Point = tuple[float, float]

COLORS: dict[str, RGB] = {
    "red": (220, 30, 30),
    "green": (30, 160, 50),
    "blue": (35, 70, 220),
    "yellow": (250, 215, 30),
    "orange": (250, 130, 20),
    "purple": (130, 40, 180),
    "pink": (255, 130, 190),
    "cyan": (40, 205, 220),
    "black": (15, 15, 15),
    "white": (245, 245, 245),
}
COLOR_NAMES = tuple(COLORS)
SHAPES = ("circle", "square", "triangle", "star", "heart", "diamond", "ring", "cross")
# Figures stand on the grid of the latents (8 px) in three sizes: a figure is then the same pattern wherever
# it stands, and a small model spends what it has on shapes instead of on places between two cells.
CELL = 8
POSITIONS: dict[str, Point] = {
    "left": (-3 * CELL, 0),
    "right": (3 * CELL, 0),
    "top": (0, -3 * CELL),
    "bottom": (0, 3 * CELL),
    "center": (0, 0),
}
RADII: dict[str, float] = {"small": 18, "": 28, "large": 40}
PAIR_RADIUS = 22
RELATIONS = ("and", "next to", "above", "below")

PREFIXES = (
    "a picture of ",
    "an image of ",
    "a drawing of ",
    "a photo of ",
    "an illustration of ",
)
SUFFIXES = (
    ", best quality",
    ", masterpiece",
    ", highly detailed",
    ", 4k",
    ", minimalist",
    ", simple shapes",
    ", sharp",
    ", flat design",
    ", clean",
    ", digital art",
    ", high resolution",
    ", centered composition",
    ", professional",
)
JUNK = (
    "blurry",
    "low quality",
    "bad anatomy",
    "worst quality",
    "jpeg artifacts",
    "watermark",
    "text",
    "ugly",
    "deformed",
    "noise",
    "cropped",
    "signature",
    "a cat",
    "a house near the sea",
    "extra fingers",
    "lowres",
    "out of frame",
)

RING_HOLE = 0.55
OUTLINE_HOLE = 0.68
GRADIENT_FADE = 0.45
STRIPE_WIDTH = 12


@dataclass(frozen=True)
class Figure:
    """One coloured shape. `size` and `position` are the words of the caption, empty when unsaid."""

    color: str
    shape: str
    rgb: RGB
    center: Point
    radius: float
    rotation: float
    size: str = ""
    position: str = ""
    outlined: bool = False
    striped: bool = False


@dataclass(frozen=True)
class Scene:
    """A background and one figure, or two figures in a `relation`."""

    background: str
    background_rgb: RGB
    gradient: bool
    figures: tuple[Figure, ...]
    relation: str = ""


@dataclass(frozen=True)
class Sample:
    """A scene with its picture and one caption."""

    scene: Scene
    image: Image.Image
    caption: str


def is_held_out(color: str, shape: str, background: str) -> bool:
    """Whether this triple is kept for evaluation: one in ten, never seen in training."""
    return zlib.crc32(f"{color}/{shape}/{background}".encode()) % 10 == 0


# --- scenes ---------------------------------------------------------------------------------------


def make_scene(
    rng: random.Random, *, held_out: bool = False, pair: bool | None = None, pair_rate: float = 0.12
) -> Scene:
    """A random scene; with `pair` None, two figures in `pair_rate` of the cases."""
    background = rng.choice(COLOR_NAMES)
    is_pair = rng.random() < pair_rate if pair is None else pair
    kinds = _kinds(rng, background, 2 if is_pair else 1, held_out)
    relation = rng.choice(("and", *RELATIONS)) if is_pair else ""
    figures = _pair(rng, kinds, relation) if is_pair else (_single(rng, *kinds[0]),)
    return Scene(background, _jittered(rng, background), rng.random() < 0.2, figures, relation)


def _kinds(rng: random.Random, background: str, count: int, held_out: bool) -> list[tuple[str, str]]:
    colors = [color for color in COLOR_NAMES if color != background]
    while True:
        kinds = [(rng.choice(colors), rng.choice(SHAPES)) for _ in range(count)]
        if all(is_held_out(*kind, background) == held_out for kind in kinds):
            return kinds


def _single(rng: random.Random, color: str, shape: str) -> Figure:
    size = rng.choice(("", "", "", "small", "large", "large"))
    position = rng.choice(tuple(POSITIONS)) if rng.random() < 0.35 else ""
    radius = RADII[size]
    limit = (SIZE / 2 - radius) // CELL * CELL
    drift = (-CELL, 0, CELL) if not position else (0,)
    center = tuple(
        SIZE / 2 + _clip(offset + rng.choice(drift), limit) for offset in POSITIONS[position or "center"]
    )
    return _figure(rng, color, shape, center, radius, size=size, position=position)


def _pair(rng: random.Random, kinds: list[tuple[str, str]], relation: str) -> tuple[Figure, ...]:
    """Two figures, 64 px apart: side by side for "and" and "next to", else one over the other."""
    first_side = 1 if relation == "below" else -1
    figures = []
    for side, (color, shape) in zip((first_side, -first_side), kinds, strict=True):
        along, across = side * 4 * CELL, rng.choice((-CELL, 0, CELL))
        upright = relation in ("above", "below")
        dx, dy = (across, along) if upright else (along, across)
        center = (SIZE / 2 + dx, SIZE / 2 + dy)
        figures.append(_figure(rng, color, shape, center, PAIR_RADIUS))
    return tuple(figures)


def _figure(rng: random.Random, color: str, shape: str, center: Point, radius: float, **words: str) -> Figure:
    return Figure(color, shape, _jittered(rng, color), center, radius, rotation=0.0, **words)


def _jittered(rng: random.Random, color: str, spread: int = 3) -> RGB:
    return tuple(min(255, max(0, v + rng.randint(-spread, spread))) for v in COLORS[color])


def _clip(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))


# --- pictures -------------------------------------------------------------------------------------


def outline_of(shape: str) -> list[Point]:
    """The polygon of a shape of radius 1 around (0, 0); a ring's is its outer circle."""
    if shape == "square":
        return [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)]
    if shape == "triangle":
        return [(0, -0.95), (1, 0.8), (-1, 0.8)]
    if shape == "diamond":
        return [(0, -1), (0.7, 0), (0, 1), (-0.7, 0)]
    if shape == "star":
        return [_polar(1 if i % 2 == 0 else 0.42, i * math.pi / 5) for i in range(10)]
    if shape == "cross":
        a, b = 0.33, 0.95
        quarter = [(-a, -b), (a, -b), (a, -a)]
        turns = ((1, 0), (0, 1), (-1, 0), (0, -1))
        return [(x * c - y * s, x * s + y * c) for c, s in turns for x, y in quarter]
    if shape == "heart":
        return [_heart_point(2 * math.pi * i / 60) for i in range(60)]
    return [_polar(1, 2 * math.pi * i / 72) for i in range(72)]


def _polar(radius: float, angle: float) -> Point:
    return radius * math.sin(angle), -radius * math.cos(angle)


def _heart_point(t: float) -> Point:
    y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
    return 16 * math.sin(t) ** 3 / 17, -y / 17 - 0.12


def figure_mask(figure: Figure) -> Image.Image:
    """The antialiased coverage of one figure: mode L, 0..255, 128 x 128."""
    mask = Image.new("L", (SIZE * SUPERSAMPLING,) * 2, 0)
    draw = ImageDraw.Draw(mask)
    draw.polygon(_placed(figure, figure.shape, figure.radius), fill=255)
    if figure.shape == "ring":
        draw.polygon(_placed(figure, "circle", figure.radius * RING_HOLE), fill=0)
    if figure.outlined:
        draw.polygon(_placed(figure, figure.shape, figure.radius * OUTLINE_HOLE), fill=0)
    return mask.resize((SIZE, SIZE), Image.Resampling.BOX)


def _placed(figure: Figure, shape: str, radius: float) -> list[Point]:
    c, s = math.cos(figure.rotation) * radius, math.sin(figure.rotation) * radius
    (cx, cy), k = figure.center, SUPERSAMPLING
    return [((cx + x * c - y * s) * k, (cy + x * s + y * c) * k) for x, y in outline_of(shape)]


def render(scene: Scene) -> Image.Image:
    """The picture of a scene: RGB, 128 x 128."""
    background = np.array(scene.background_rgb, np.float32)
    canvas = np.broadcast_to(background, (SIZE, SIZE, 3)).copy()
    if scene.gradient:
        fade = np.linspace(0, GRADIENT_FADE, SIZE, dtype=np.float32)[:, None, None]
        canvas = canvas * (1 - fade) + 128 * fade
    for figure in scene.figures:
        cover = np.asarray(figure_mask(figure), np.float32)[..., None] / 255
        if figure.striped:
            cover = cover * _stripes()
        canvas += (np.array(figure.rgb, np.float32) - canvas) * cover
    return Image.fromarray(canvas.clip(0, 255).astype(np.uint8))


def _stripes() -> np.ndarray:
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    return ((x + y) // STRIPE_WIDTH % 2).astype(np.float32)[..., None]


def restyled(scene: Scene, **style: bool) -> Scene:
    """The same scene with every figure `outlined` or `striped`."""
    return replace(scene, figures=tuple(replace(f, **style) for f in scene.figures))


# --- captions -------------------------------------------------------------------------------------


def with_article(words: str) -> str:
    return ("an " if words[0] in "aeiou" else "a ") + words


def describe(figure: Figure) -> str:
    style = "outlined" if figure.outlined else ""
    words = (figure.size, style, figure.color, figure.shape)
    return with_article(" ".join(word for word in words if word))


def caption(scene: Scene, rng: random.Random | None = None) -> str:
    """One of many ways to say the scene; without a `rng` the most usual one, without fillers."""
    ground = scene.background + (" gradient" if scene.gradient else "")
    body = f" {scene.relation} ".join(describe(figure) for figure in scene.figures)
    place = _place_words(scene.figures[0].position)
    usual = f"{body}{place} on {with_article(ground)} background"
    if rng is None:
        return usual
    forms = (
        (0.55, usual),
        (0.13, f"{body} on {with_article(ground)} background{place and ',' + place}"),
        (0.12, f"{body}{place}, {ground} background"),
        (0.08, f"{with_article(ground)} background with {body}{place}"),
        (0.06, f"{body.split(' ', 1)[1]}{place}, {ground} background"),
        (0.06, f"{body}{place}"),
    )
    weights, texts = zip(*forms, strict=True)
    text = rng.choices(texts, weights)[0]
    if rng.random() < 0.15:
        text = rng.choice(PREFIXES) + text
    while rng.random() < 0.15:
        text += rng.choice(SUFFIXES)
    return text


def unplaced(scene: Scene) -> Scene:
    """The scene as a caption knows it that says nothing of sizes and places."""
    return replace(scene, figures=tuple(replace(figure, size="", position="") for figure in scene.figures))


def _place_words(position: str) -> str:
    if position in ("left", "right"):
        return f" on the {position}"
    if position in ("top", "bottom"):
        return f" at the {position}"
    return " in the center" if position else ""


def junk(rng: random.Random) -> str:
    """Words that say nothing about the scene; trained to act as a negative prompt."""
    return ", ".join(rng.sample(JUNK, rng.randint(1, 5)))


# --- samples --------------------------------------------------------------------------------------


def scene_at(index: int, *, held_out: bool = False, pair: bool | None = None) -> Scene:
    """The index-th scene of the training (or held-out) stream."""
    return make_scene(_stream(index, held_out), held_out=held_out, pair=pair)


def sample(index: int, *, held_out: bool = False, pair: bool | None = None) -> Sample:
    """The index-th scene with its picture and its plain caption."""
    scene = scene_at(index, held_out=held_out, pair=pair)
    return Sample(scene, render(scene), caption(scene))


def _stream(index: int, held_out: bool) -> random.Random:
    return random.Random(1_000_003 * (2 if held_out else 1) + index)
