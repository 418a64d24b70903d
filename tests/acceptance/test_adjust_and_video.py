"""Adjusting and animating through every real part, on their shorthand routes."""

import io

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from gpu.images import read_provenance
from tests.pictures import data_uri


@pytest.fixture
def ask(client):
    def asked(shorthand: str, **inputs) -> dict:
        answer = client.post(
            f"/v1/generations/{shorthand}", json={"inputs": inputs, "seed": 1}, headers={"Prefer": "wait=60"}
        )
        assert answer.status_code == 201, answer.text
        generation = answer.json()
        assert generation["status"] == "succeeded", generation
        return generation["predictions"][0]

    return asked


def scene() -> Image.Image:
    image = Image.new("RGB", (128, 128), (35, 70, 220))
    ImageDraw.Draw(image).ellipse((24, 40, 72, 88), fill=(220, 30, 30))
    return image


def test_an_adjusted_picture_equals_its_formula(ask, client):
    crop = {"left": 16, "top": 8, "width": 64, "height": 96}
    prediction = ask(
        "image-adjust", base_image=data_uri(scene()), crop=crop, rotate=90, brightness=0.5, contrast=1.5
    )
    (output,) = prediction["output"]
    data = client.get(output["url"]).content
    got = np.asarray(Image.open(io.BytesIO(data)))

    turned = np.rot90(np.asarray(scene())[8:104, 16:80], -1).astype(float)
    wanted = np.rint(np.clip(127.5 + (turned * 0.5 - 127.5) * 1.5, 0, 255))
    assert np.array_equal(got, wanted)
    assert (output["width"], output["height"]) == (96, 64)
    record = read_provenance(data)
    original = client.get(f"/v1/assets/{record['source']['asset']}").json()
    assert original["sha256"] == record["source"]["sha256"]


def test_neutral_parameters_give_back_the_picture_and_a_crop_outside_it_is_told_at_once(ask, client):
    source = data_uri(scene())
    neutral = {
        "brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "temperature": 0, "sharpness": 1.0,
        "rotate": 0, "auto_levels": False,
    }  # fmt: skip
    (output,) = ask("image-adjust", base_image=source, **neutral)["output"]
    assert Image.open(io.BytesIO(client.get(output["url"]).content)).tobytes() == scene().tobytes()

    outside = {"base_image": source, "crop": {"left": 100, "top": 0, "width": 29, "height": 8}}
    refused = client.post("/v1/generations/image-adjust", json={"inputs": outside})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_inputs")
    assert refused.json()["errors"][0]["loc"] == ["inputs", "crop"]


def test_a_picture_moves(ask, client):
    prediction = ask(
        "video", source_image=data_uri(scene()), num_frames=5, fps=10, motion_bucket_id=255,
        noise_aug_strength=0.0,
    )  # fmt: skip
    clip, poster = prediction["output"]
    assert (clip["content_type"], poster["content_type"]) == ("video/mp4", "image/png")
    data = client.get(clip["url"]).content
    part = client.get(clip["url"], headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert part.headers["content-range"] == f"bytes 4-7/{len(data)}"

    with av.open(io.BytesIO(data)) as container:
        assert container.streams.video[0].average_rate == 10
        frames = [np.asarray(frame.to_image()).astype(int) for frame in container.decode(video=0)]
    assert [frame.shape for frame in frames] == [(clip["height"], clip["width"], 3)] * 5
    still = np.asarray(Image.open(io.BytesIO(client.get(poster["url"]).content))).astype(int)
    source = np.asarray(scene().resize((64, 64), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(frames[0] - still).mean() < 4
    assert ((still - source) ** 2).mean() < 120
    centers = [np.argwhere(frame[..., 0] > 130)[:, 1].mean() for frame in frames]
    assert centers == sorted(centers) and 6 < centers[-1] - centers[0] < 10
