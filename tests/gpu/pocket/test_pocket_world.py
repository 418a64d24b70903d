"""The shape world gives the same scenes for ever, and keeps the held-out triples out of training."""

import random

import numpy as np

from gpu.pocket import world


def triples(scene: world.Scene) -> list[bool]:
    return [world.is_held_out(f.color, f.shape, scene.background) for f in scene.figures]


def test_the_same_index_gives_the_same_scene_picture_and_caption():
    # Given the seventh sample, When it is made twice
    first, second = world.sample(7), world.sample(7)
    # Then nothing differs
    assert first.scene == second.scene
    assert first.caption == second.caption
    assert np.array_equal(np.asarray(first.image), np.asarray(second.image))


def test_training_never_shows_a_held_out_triple():
    assert not any(any(triples(world.scene_at(index))) for index in range(3000))


def test_evaluation_shows_only_held_out_triples():
    assert all(all(triples(world.scene_at(index, held_out=True))) for index in range(300))


def test_one_triple_in_ten_is_held_out():
    every = [
        world.is_held_out(color, shape, background)
        for color in world.COLOR_NAMES
        for shape in world.SHAPES
        for background in world.COLOR_NAMES
        if background != color
    ]
    assert 0.07 < sum(every) / len(every) < 0.13


def test_every_caption_names_colour_and_shape_of_every_figure():
    rng = random.Random(0)
    for index in range(300):
        scene = world.scene_at(index)
        text = world.caption(scene, rng)
        assert all(f"{figure.color} {figure.shape}" in text for figure in scene.figures)


def test_plain_captions_read_like_english():
    scene = world.Scene("orange", (250, 130, 20), True, (a_figure(size="large", position="left"),))
    assert world.caption(scene) == "a large red star on the left on an orange gradient background"


def test_figures_stay_on_the_picture():
    for index in range(300):
        for figure in world.scene_at(index).figures:
            assert np.asarray(world.figure_mask(figure)).max() == 255
            assert all(0 < value < world.SIZE for value in figure.center)


def test_outlined_figures_are_hollow():
    figure = a_figure(outlined=True)
    assert np.asarray(world.figure_mask(figure))[64, 64] == 0


def a_figure(**words: object) -> world.Figure:
    return world.Figure("red", "star", world.COLORS["red"], (64.0, 64.0), 40.0, 0.0, **words)
