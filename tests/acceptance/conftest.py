import io

import pytest
from PIL import Image

from tests.stack import RunningStack


@pytest.fixture
def client(stack: RunningStack):
    with stack.client() as client:
        yield client


@pytest.fixture
def draw(client):
    """Ask for pictures and wait: `draw("a red circle …", family="shapes", …)` → (generation, [pictures])."""

    def drawn(prompt: str, **ask):
        inputs = {"prompt": prompt, **ask.pop("inputs", {})}
        if "workflow" not in ask:
            ask = {"family": "shapes", "selection": {}, **ask}
        answer = client.post("/v1/generations", json={"inputs": inputs, **ask}, headers={"Prefer": "wait=60"})
        generation = answer.json()
        assert generation["status"] == "succeeded", generation
        urls = [prediction["output"][0]["url"] for prediction in generation["predictions"]]
        return generation, [Image.open(io.BytesIO(client.get(url).content)) for url in urls]

    return drawn
