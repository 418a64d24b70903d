"""Subjects, edits and backgrounds as clients ask for them: their own addresses, the real stack, pixels."""

import io

import numpy as np
import pytest
from PIL import Image

from gpu.foreground import foreground
from gpu.images import record_of
from gpu.pocket import LORA
from gpu.regions import ShapeFinder
from tests.pictures import circle_and_square, data_uri, yellow_triangle


@pytest.fixture
def made(client):
    """POST to a shorthand and wait for the picture: `made("edit", prompt=…)` → (generation, picture)."""

    def posted(shorthand: str, **inputs):
        answer = client.post(
            f"/v1/generations/{shorthand}", json={"inputs": inputs, "seed": 3}, headers={"Prefer": "wait=60"}
        )
        generation = answer.json()
        assert generation.get("status") == "succeeded", generation
        (output,) = generation["predictions"][0]["output"]
        picture = Image.open(io.BytesIO(client.get(output["url"]).content))
        assert picture.size == (output["width"], output["height"])
        return generation, picture

    return posted


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))


def test_a_region_is_edited_and_the_rest_stays_bit_for_bit(made):
    base = circle_and_square((131, 117))
    generation, picture = made(
        "edit", base_image=data_uri(base), region="the red circle",
        prompt="a green star and a blue square on a white background",
    )  # fmt: skip
    assert (generation["strategy"], generation["workflow"]) == ("editing", "pocket-edit")
    kept = np.asarray(ShapeFinder().find(base, "the red circle")) == 0
    assert np.array_equal(pixels(picture)[kept], pixels(base)[kept])
    inside = pixels(picture)[~kept].astype(int)
    assert ((inside[:, 1] > inside[:, 0] + 40) & (inside[:, 1] > inside[:, 2] + 40)).sum() > 100, "green"


def test_a_reference_takes_the_place_of_the_region_in_two_steps(made, client):
    base = circle_and_square()
    generation, picture = made(
        "edit", base_image=data_uri(base), region="the red circle",
        reference_images=[{"image": data_uri(yellow_triangle()), "x": 0.25, "y": 0.5, "scale": 0.4}],
        prompt="a yellow triangle and a blue square on a white background", num_inference_steps=12,
    )  # fmt: skip
    kept = np.asarray(ShapeFinder().find(base, "the red circle")) == 0
    assert np.array_equal(pixels(picture)[kept], pixels(base)[kept])
    red, green, blue = np.moveaxis(pixels(picture).astype(int), -1, 0)
    assert ((red > 150) & (green > 120) & (blue < 120)).sum() > 400, "yellow"
    detail = record_of(picture)["extra"]["detail"]
    assert detail["before"]["extra"]["edit"]["references"][0]["box"] == [6, 38, 57, 89]
    assert generation["predictions"][0]["provenance"]["extra"]["detail"] == detail


@pytest.mark.parametrize("behind", [{"color": "dodgerblue"}, {"transparent": True}])
def test_a_background_goes_and_the_subject_stays_bit_for_bit(made, behind):
    base = circle_and_square()
    _, picture = made("background-fix", base_image=data_uri(base), **behind)
    subject = np.asarray(foreground(base)) > 0
    assert np.array_equal(pixels(picture)[subject], pixels(base)[subject])
    if "color" in behind:
        assert (pixels(picture)[~subject] == (30, 144, 255)).all()
    else:
        assert (np.asarray(picture)[~subject] == 0).all() and picture.mode == "RGBA"


def test_a_background_is_drawn(made):
    base = circle_and_square()
    prompt = "a red circle and a blue square on a green background"
    _, picture = made("background-fix", base_image=data_uri(base), prompt=prompt)
    subject = np.asarray(foreground(base)) > 0
    assert np.array_equal(pixels(picture)[subject], pixels(base)[subject])
    red, green, blue = np.moveaxis(pixels(picture)[~subject].astype(int), -1, 0)
    assert ((green > red + 40) & (green > blue + 40)).mean() > 0.8


def test_a_subject_is_drawn_with_what_is_known_of_it(made, client):
    weights = next(LORA.glob("*.safetensors")).read_bytes()
    lora = client.post("/v1/loras", files={"file": ("ada.safetensors", weights)}, data={"name": "Ada"}).json()
    subject = client.post(
        "/v1/subjects", json={"name": "Ada", "trigger_word": "outlined", "lora": lora["id"]}
    ).json()
    prompt = "a large green square on a white background"
    _, picture = made("subject", subject=subject["id"], prompt=prompt)
    record = record_of(picture)
    assert record["prompt"] == f"outlined {prompt}"
    assert record["extra"]["concepts"][0]["id"] == subject["id"]
    middle = pixels(picture)[58:70, 58:70].reshape(-1, 3).mean(0)
    assert middle.min() > 150, "the LoRA draws hollow shapes"

    refused = client.post("/v1/generations/subject", json={"inputs": {"prompt": prompt}})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_inputs")


def test_what_cannot_be_edited_is_told_at_once_and_by_field(client):
    base = data_uri(circle_and_square())
    for address, inputs, field in [
        ("edit", {"prompt": "x"}, "base_image"),
        ("edit", {"prompt": "x", "base_image": base, "mask": data_uri(Image.new("L", (9, 9)))}, "mask"),
        ("background-fix", {"base_image": base, "color": "sky"}, "color"),
    ]:
        answer = client.post(f"/v1/generations/{address}", json={"inputs": inputs})
        assert answer.status_code == 422, answer.json()
        assert field in [problem["loc"][-1] for problem in answer.json()["errors"]]
