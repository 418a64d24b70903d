"""One runner with the pocket models for all tests here, and pictures and files to feed it."""

import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from gpu.requests import InferenceRequest, PipelineKey
from gpu.runner import Runner
from tests.gpu.pocket_world import CHECKPOINT, RED_ON_BLUE, STEPS


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    # Two OpenMP threads on busy cores are several times slower than one.
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def runner():
    made = Runner("cpu")
    yield made
    made.close()


@pytest.fixture
def ask():
    """Builds a request for the pocket checkpoint; keywords replace the defaults."""

    def build(mode="text2img", controlnets=(), **changes):
        key = PipelineKey(CHECKPOINT, controlnets=tuple(controlnets), mode=mode)
        defaults = {
            "key": key,
            "prompts": (RED_ON_BLUE,),
            "seeds": (1,),
            "width": 128,
            "height": 128,
            "num_inference_steps": STEPS,
            "guidance_scale": 3.0,
        }
        return InferenceRequest(**{**defaults, **changes})

    return build


@pytest.fixture
def green_square():
    """A green square on the left of a white picture."""
    image = Image.new("RGB", (128, 128), (245, 245, 245))
    ImageDraw.Draw(image).rectangle((12, 44, 52, 84), fill=(30, 160, 50))
    return image


@pytest.fixture
def right_half():
    """A mask that has the right half painted anew."""
    mask = Image.new("L", (128, 128), 0)
    ImageDraw.Draw(mask).rectangle((64, 0, 127, 127), fill=255)
    return mask


@pytest.fixture
def checkpoint_copy(tmp_path):
    """A pocket checkpoint that a test may damage."""
    return Path(shutil.copytree(CHECKPOINT.location, tmp_path / "checkpoint"))
