"""A training over HTTP whose worker is killed: it goes on, ends once, and its subject can be drawn."""

import io

import pytest
from PIL import Image, ImageDraw

from tests.stack import waited

PROMPT = "a zorp on a pink background"
STEPS = 300  # long enough for a checkpoint, which comes after twenty seconds, on a fast machine too


def picture(color: str) -> bytes:
    image = Image.new("RGB", (128, 128), "white")
    ImageDraw.Draw(image).polygon([(30, 20), (100, 20), (100, 100), (64, 60)], fill=color)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def made(answer) -> dict:
    assert answer.is_success, answer.text
    return answer.json()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_training_goes_on_and_its_subject_is_drawn(stack, client, draw):
    files = [{"file": ("zorp.png", picture(color))} for color in ("red", "blue")]
    images = [made(client.post("/v1/assets", files=file))["id"] for file in files]
    subject = made(client.post("/v1/subjects", json={"name": "Zorp", "trigger_word": "zorp"}))["id"]
    cast = {"family": "cast", "inputs": {"subject": subject}, "seed": 1}
    _, before = draw(PROMPT, **cast)

    ask = {"images": images, "num_train_steps": STEPS, "rank": 4, "learning_rate": 2e-3}
    task = made(client.post(f"/v1/subjects/{subject}/train", json=ask))
    address, folder = task["urls"]["get"], stack.home / "unfinished" / task["id"]
    waited((folder / "checkpoint.pt").exists, 400)
    stack.worker_child("gpu").kill()
    done = waited(lambda: _over(client.get(address).json()), 400)

    assert done["status"] == "succeeded", done["error"]
    assert done["attempt"] > 1 and 0 < done["result"]["resumed_at"] < STEPS
    assert done["result"]["steps"] == STEPS and len(done["output"]) == 1
    assert not folder.exists()
    loras = [lora["id"] for lora in client.get("/v1/loras").json()["results"] if lora["name"] == "Zorp"]
    assert loras == [done["result"]["lora"]]
    assert client.get(f"/v1/subjects/{subject}").json()["lora"] == loras[0]
    _, after = draw(PROMPT, **cast)
    assert before[0].tobytes() != after[0].tobytes()


def _over(task: dict) -> dict | None:
    return task if task["completed_at"] else None
