"""The pocket models in the test's own process, and tasks run as a pool would run them."""

import io

import numpy as np
from PIL import Image

from strategies.models import Asset, Generation
from strategies.services.generations import GenerationAsk, generation_create
from workers import execution

POCKET = {"generator": "local_sdxl", "checkpoint": "pocket:pocket-sdxl"}


def run_chain(generation: Generation, *queues: str) -> Image.Image:
    """Every step in turn; the picture that is delivered."""
    for queue in queues:
        assert execution.run_next(queue), f"nothing waits in {queue}"
    generation.refresh_from_db()
    assert generation.status == "succeeded", (generation.error_code, generation.error_detail)
    return opened(generation.predictions.get().outputs.get())


def asked(owner, workflow, **inputs) -> Generation:
    """A short drawing of this workflow."""
    inputs = {"num_inference_steps": 8, **inputs}
    return generation_create(owner=owner, ask=GenerationAsk(workflow=workflow.key, inputs=inputs, seed=3))


def opened(asset: Asset) -> Image.Image:
    image = Image.open(io.BytesIO(asset.file.read()))
    image.load()
    return image


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB")).astype(int)
