"""The training code: the encoder that is built, the text that is read, and a loss that falls."""

import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from gpu.pocket import text, vae, world
from gpu.pocket.architecture import LATENT_SCALE
from gpu.pocket.dataset import Noise
from gpu.pocket.parallel import Replica, Settings, parameter_count, share
from gpu.pocket.train import WEIGHTS, minutes_for


def test_the_built_encoder_is_a_box_filter():
    # Given some pictures
    images = np.stack([np.asarray(world.sample(index).image) for index in range(8)])
    # When the stock network encodes them
    with torch.no_grad():
        latents = vae.build_vae().encode(vae.pixels(images)).latent_dist.mean * LATENT_SCALE
    # Then it has averaged them, into latents of about unit variance
    assert torch.allclose(latents, vae.box_latents(images), atol=5e-3)
    assert 0.6 < latents.std() < 1.4


def test_labels_follow_the_caption():
    scene = world.scene_at(2, pair=True)
    labels = dict(zip(text.ATTRIBUTES, text.labels_of(scene, world.caption(scene)), strict=True))
    second = text.ATTRIBUTES["second shape"][labels["second shape"]]
    assert second == scene.figures[1].shape
    unsaid = dict(zip(text.ATTRIBUTES, text.labels_of(scene, "a red circle"), strict=True))
    assert text.ATTRIBUTES["background"][unsaid["background"]] == ""


def test_timesteps_are_spread_around_the_focus():
    noise = Noise((330.0, 150.0), rank=0, world_size=1)
    steps = noise.timesteps(4000, torch.Generator().manual_seed(0))
    assert steps.min() < 20
    assert steps.max() > 980
    assert 300 < steps.float().median() < 420


def test_the_clean_latents_follow_from_noise_and_velocity():
    noise, generator = Noise((330.0, 150.0), 0, 1), torch.Generator().manual_seed(0)
    latents = torch.randn(6, 4, 16, 16, generator=generator)
    steps = torch.tensor([0, 100, 400, 700, 900, 999])
    noised, velocity = noise.apply(latents, steps, generator)
    assert torch.allclose(noise.clean(noised, velocity, steps), latents, atol=1e-3)


def test_the_rate_rises_stays_and_falls_to_nothing():
    settings = Settings(minutes=1, rate=1.0, warmup_steps=10, hold=0.25)
    assert settings.rate_at(0, 0.0) == pytest.approx(0.1)
    assert settings.rate_at(100, 0.2) == pytest.approx(1.0)
    assert settings.rate_at(100, 1.0) < 0.01


def test_minutes_are_divided_by_weight():
    shares = minutes_for(["unet", "lora", "evaluate"], 90)
    assert list(shares) == ["unet", "lora"]
    assert sum(shares.values()) == pytest.approx(90)
    assert shares["unet"] / shares["lora"] == WEIGHTS["unet"] / WEIGHTS["lora"]


def test_a_few_seconds_of_training_reduce_the_loss_and_resume(tmp_path):
    # Given text encoders, and a checkpoint folder
    stack = text.TextStack.fresh()
    # When heads on them are trained for one second, then on to two
    first, second = (few_steps(stack, tmp_path / "run", seconds) for seconds in (1, 2))
    # Then the second run goes on where the first ended, and guesses better than chance
    chance = np.mean([math.log(len(values)) for values in text.ATTRIBUTES.values()])
    assert first.step_count > 0
    assert second.step_count > first.step_count
    assert second.loss < 0.9 * chance


def few_steps(stack: text.TextStack, checkpoint: Path, seconds: float) -> Replica:
    """Train heads that read attributes off the features of untrained encoders, in this process."""
    heads, rng = text.AttributeHeads(), random.Random(0)
    scenes = [world.make_scene(rng) for _ in range(16)]
    captions = [world.caption(scene) for scene in scenes]
    labels = [text.labels_of(*pair) for pair in zip(scenes, captions, strict=True)]
    with torch.no_grad():
        features = [part.bfloat16() for part in text.caption_features(stack, captions)]
    settings = Settings(seconds / 60, 2e-3, warmup_steps=5, checkpoint=checkpoint)
    replica = Replica(0, share(parameter_count([heads]), 1), [heads], settings)
    for _ in replica.steps():
        replica.step(heads.loss(features, torch.tensor(labels)))
    return replica
