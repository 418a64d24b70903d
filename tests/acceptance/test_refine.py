"""Larger pictures and redrawn faces over HTTP, and a worker that dies between the two."""

import io

import numpy as np
import pytest
from PIL import Image
from skimage import data

from gpu.faces import crop_around, find_faces
from tests.pictures import circle_and_square
from tests.stack import finished, waited

from .conftest import data_uri

SHORT = {"num_inference_steps": 8}


@pytest.fixture
def portrait() -> Image.Image:
    """The astronaut's head and shoulders."""
    return Image.fromarray(data.astronaut()).crop((128, 20, 320, 212))


@pytest.fixture
def made(client):
    """Ask a shorthand and wait: (prediction, picture)."""

    def make(shorthand: str, **inputs):
        ask = {"inputs": {**SHORT, **inputs}, "seed": 3}
        answer = client.post(f"/v1/generations/{shorthand}", json=ask, headers={"Prefer": "wait=60"})
        (prediction,) = answer.json()["predictions"]
        assert prediction["status"] == "succeeded", prediction
        return prediction, Image.open(io.BytesIO(client.get(prediction["output"][0]["url"]).content))

    return make


def test_a_picture_comes_back_twice_as_large(made):
    prediction, image = made("refine", base_image=data_uri(circle_and_square()), scale=2)
    assert image.size == (256, 256)
    assert (prediction["output"][0]["width"], prediction["provenance"]["mode"]) == (256, "refine")
    assert prediction["provenance"]["extra"]["refine"]["tiles"] == 9


def test_a_face_is_redrawn_and_the_rest_left_alone(made, portrait):
    prediction, image = made("face-fix", base_image=data_uri(portrait), strength=0.5)
    (face,) = find_faces(portrait)
    left, top, right, bottom = crop_around(face, portrait.size)
    changed = (np.asarray(image) != np.asarray(portrait)).any(-1)
    assert prediction["provenance"]["faces"] == 1
    assert changed[top:bottom, left:right].mean() > 0.2
    changed[top:bottom, left:right] = False
    assert not changed.any()


def test_a_picture_without_a_face_succeeds_unchanged(made):
    base = circle_and_square()
    prediction, image = made("face-fix", base_image=data_uri(base))
    assert prediction["logs"].startswith("faces: 0") and image.tobytes() == base.tobytes()


def test_a_scale_that_is_not_offered_is_refused_by_name(client):
    inputs = {"base_image": data_uri(circle_and_square()), "scale": 3}
    answer = client.post("/v1/generations/refine", json={"inputs": inputs})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_inputs")
    assert answer.json()["errors"][0]["loc"] == ["inputs", "scale"]


@pytest.mark.slow
def test_a_worker_killed_in_each_step_of_the_chain_leaves_one_stored_result(client, stack, portrait):
    inputs = {
        "base_image": data_uri(portrait), "face_detail": True, "num_inference_steps": 40,
        "strength": 0.1, "face_strength": 1.0,
    }  # fmt: skip
    asked = client.post("/v1/generations/refine", json={"inputs": inputs, "seed": 3}).json()
    for task_type in ("refine", "face_fix"):
        waited(lambda task_type=task_type: _task(client, asked, task_type)["status"] == "processing", 150)
        stack.worker_child("gpu").kill()
    generation = finished(client, asked["id"], 150)

    (prediction,) = generation["predictions"]
    assert generation["status"] == "succeeded", generation["error"]
    assert [(each["width"], each["height"]) for each in prediction["output"]] == [(384, 384)]
    assert prediction["provenance"]["extra"]["face_fix"]["before"]["mode"] == "refine"
    for task_type in ("refine", "face_fix"):
        task = _task(client, asked, task_type)
        assert (task["attempt"], len(task["result"]["assets"])) == (2, 1)


def _task(client, generation: dict, task_type: str) -> dict:
    """The one task of this type in the generation's chain."""
    rows = client.get("/v1/tasks", params={"task_type": task_type}).json()["results"]
    prediction = generation["predictions"][0]["id"]
    return next(row for row in rows if row["prediction"] == prediction)
