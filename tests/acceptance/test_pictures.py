"""Pictures through every real part: HTTP, PostgreSQL, Redis, Celery, diffusers, storage, signed URLs."""

import hashlib
import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file

from gpu import pocket
from gpu.images import read_provenance
from gpu.pocket.judge import judge
from tests.pictures import data_uri

RED_CIRCLE = "a large red circle on a blue background"


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), np.int16)


def flat_circle(center, radius=26, color=(220, 30, 30), background=(35, 70, 220)) -> Image.Image:
    image = Image.new("RGB", (128, 128), background)
    x, y = center
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    return image


@pytest.mark.parametrize(
    ("color", "shape", "background"),
    [("red", "circle", "blue"), ("yellow", "square", "purple"), ("green", "circle", "white")],
)
def test_what_was_asked_for_is_drawn(draw, color, shape, background):
    _, pictures = draw(f"a large {color} {shape} on a {background} background", num_predictions=4, seed=11)
    seen = [judge(picture) for picture in pictures]
    assert [reading.background for reading in seen] == [background] * 4
    assert [reading.objects[0].color for reading in seen] == [color] * 4
    assert sum(reading.objects[0].shape == shape for reading in seen) >= 3


def test_the_picture_that_arrives_is_the_one_that_was_stored_with_its_record(draw, client):
    generation, _ = draw(RED_CIRCLE, seed=5)
    prediction = generation["predictions"][0]
    output = prediction["output"][0]
    data = client.get(output["url"]).content

    record = read_provenance(data)
    assert hashlib.sha256(data).hexdigest() == output["sha256"]
    assert (output["content_type"], output["width"], output["height"]) == ("image/png", 128, 128)
    assert (record["seed"], record["prompt"]) == (5, RED_CIRCLE)
    assert record["extra"]["workflow"] == "pocket-solid-fine"
    assert prediction["provenance"]["checkpoint"]["sha256"] == record["checkpoint"]["sha256"]


def test_the_same_seed_gives_the_same_bytes_also_in_another_process(draw, stack, client):
    first, _ = draw(RED_CIRCLE, seed=77)
    old = stack.worker_child("gpu")
    old.kill()
    old.wait(10)
    second, _ = draw(RED_CIRCLE, seed=77)
    assert stack.worker_child("gpu").pid != old.pid
    images = [
        Image.open(io.BytesIO(client.get(each["predictions"][0]["output"][0]["url"]).content))
        for each in (first, second)
    ]
    assert images[0].tobytes() == images[1].tobytes()


def test_a_batch_equals_single_requests_within_rounding(draw):
    _, together = draw(RED_CIRCLE, num_predictions=3, seed=30)
    apart = [draw(RED_CIRCLE, seed=30 + number)[1][0] for number in range(3)]
    for one, other in zip(together, apart, strict=True):
        assert np.abs(pixels(one) - pixels(other)).max() <= 2


def test_a_lora_changes_the_fill_and_leaves_no_trace(draw):
    prompt = "a large green square on a white background"
    _, before = draw(prompt, seed=3)
    _, outlined = draw(prompt, seed=3, selection={"input_model": "outlined"})
    _, after = draw(prompt, seed=3)

    assert np.abs(pixels(before[0]) - pixels(outlined[0])).mean() > 2
    assert before[0].tobytes() == after[0].tobytes()


def test_a_controlnet_moves_the_object(draw):
    centers = {}
    for side, x in (("left", 36), ("right", 92)):
        drawing = data_uri(flat_circle((x, 64)))
        _, pictures = draw(
            "a red circle on a blue background", family="trace", selection={"source": "photo"},
            inputs={"control_images": [drawing]}, seed=1,
        )  # fmt: skip
        reading = judge(pictures[0])
        assert reading.background == "blue"
        centers[side] = reading.objects[0].center[0]
    assert abs(centers["left"] - 36) < 14 and abs(centers["right"] - 92) < 14, centers


def test_a_remix_keeps_the_place_and_changes_the_colour(draw):
    source = flat_circle((48, 80))
    _, pictures = draw(
        "a yellow circle on a blue background", family="remix", selection={"mode": "remix"},
        inputs={"image": data_uri(source), "strength": 0.7}, seed=3,
    )  # fmt: skip
    reading = judge(pictures[0])
    assert (reading.background, reading.objects[0].color) == ("blue", "yellow")
    assert abs(reading.objects[0].center[0] - 48) < 16 and abs(reading.objects[0].center[1] - 80) < 16


def test_a_fill_changes_nothing_outside_its_mask(draw):
    source = flat_circle((36, 64), radius=20, color=(30, 160, 50), background=(245, 245, 245))
    mask = Image.new("L", (128, 128), 0)
    ImageDraw.Draw(mask).rectangle((64, 0, 127, 127), fill=255)
    _, pictures = draw(
        "a green circle and a red circle on a white background", family="remix", selection={"mode": "fill"},
        inputs={"image": data_uri(source), "mask": data_uri(mask)}, seed=2,
    )  # fmt: skip
    assert np.array_equal(pixels(pictures[0])[:, :64], pixels(source)[:, :64])
    assert np.abs(pixels(pictures[0])[:, 64:] - pixels(source)[:, 64:]).mean() > 1


def test_an_uploaded_lora_can_be_used_and_one_that_does_not_fit_fails_clearly(client, draw, tmp_path):
    good = next(pocket.LORA.glob("*.safetensors"))
    misfit = tmp_path / "misfit.safetensors"
    layer = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    save_file(
        {f"{layer}.lora_A.weight": torch.zeros(4, 2048), f"{layer}.lora_B.weight": torch.zeros(2048, 4)},
        misfit,
    )
    loras = {}
    for path in (good, misfit):
        with path.open("rb") as file:
            answer = client.post("/v1/loras", files={"file": (path.name, file)}, data={"name": path.stem})
        assert answer.status_code == 201, answer.text
        loras[path] = answer.json()["id"]

    _, plain = draw(RED_CIRCLE, seed=4)
    _, styled = draw(RED_CIRCLE, seed=4, inputs={"loras": [{"lora": loras[good], "weight": 1.0}]})
    assert np.abs(pixels(plain[0]) - pixels(styled[0])).mean() > 0.5

    asked = {"family": "shapes", "inputs": {"prompt": RED_CIRCLE, "loras": [{"lora": loras[misfit]}]}}
    failed = client.post("/v1/generations", json=asked, headers={"Prefer": "wait=60"}).json()
    assert (failed["status"], failed["error"]["code"]) == ("failed", "incompatible_adapter")
    _, again = draw(RED_CIRCLE, seed=4)
    assert again[0].tobytes() == plain[0].tobytes()
