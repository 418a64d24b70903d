"""The CLIP evaluator, with the pocket model that ships."""

import pytest
from PIL import Image

from gpu.errors import UnsupportedModel
from strategies.models.shot import Evaluator
from strategies.params import EvaluationParams, Weights
from tests.gpu.pocket_world import drawn
from workers.evaluators import EVALUATORS

RED_CIRCLE = drawn("red", "circle", "blue")


def clip(prompt: str, image: Image.Image, location: str = "pocket:pocket-clip"):
    params = EvaluationParams(evaluator=Evaluator.CLIP, prompt=prompt, model=Weights(location=location))
    return EVALUATORS["clip"].judge(image, params)


@pytest.fixture
def a_pool_that_draws(monkeypatch):
    monkeypatch.setattr("workers.identity.DRAWS", True)
    monkeypatch.setattr("workers.identity.DEVICE", "cpu")


def test_clip_prefers_what_the_picture_shows(a_pool_that_draws):
    right = clip("a large red circle on a blue background", RED_CIRCLE)
    for wrong in ("a large green circle on a blue background", "a large red circle on a white background"):
        assert clip(wrong, RED_CIRCLE).score < right.score - 0.3
    assert right.score > 0.6
    assert right.evaluator == "clip pocket-clip"


def test_clip_names_the_word_that_is_not_shown(a_pool_that_draws):
    verdict = clip("a large green circle on a blue background", RED_CIRCLE)
    assert "green" in verdict.missing and "green" in verdict.reason


def test_a_model_that_is_no_clip_is_refused(a_pool_that_draws):
    with pytest.raises(UnsupportedModel):
        clip("a red circle", RED_CIRCLE, "pocket:pocket-sdxl/text_encoder")
