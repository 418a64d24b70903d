"""Larger pictures and redrawn faces over HTTP."""

import io

import numpy as np
import pytest
from PIL import Image

from gpu.faces import crop_around, find_faces
from tests.chains import portrait
from tests.pictures import circle_and_square, data_uri

SHORT = {"num_inference_steps": 8}


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


def test_a_face_is_redrawn_and_the_rest_left_alone(made):
    before = portrait()
    prediction, image = made("face-fix", base_image=data_uri(before), strength=0.5)
    (face,) = find_faces(before)
    left, top, right, bottom = crop_around(face, before.size)
    changed = (np.asarray(image) != np.asarray(before)).any(-1)
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
