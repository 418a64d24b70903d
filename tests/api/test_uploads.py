import io
import pickle
import time
from pathlib import Path

import numpy
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient
from safetensors.numpy import save

from api import links
from strategies.models import Asset, Lora

from .test_bad_input import assert_problem
from .work import png

LORA = next((Path(__file__).parents[2] / "gpu" / "pocket" / "pocket-lora-outline").glob("*.safetensors"))


def upload(client, path: str, content: bytes, **fields):
    file = SimpleUploadedFile("a.png", content, "image/png")
    return client.post(path, {"file": file, **fields}, format="multipart")


def test_an_image_is_stored_and_can_be_fetched(client):
    answer = upload(client, "/v1/assets", png(size=24))
    body = answer.json()
    assert answer.status_code == 201 and (body["width"], body["height"]) == (24, 24)
    assert client.get(f"/v1/assets/{body['id']}").json()["sha256"] == body["sha256"]

    file = APIClient().get(body["url"])
    assert file.status_code == 200 and file.headers["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(file.content)).size == (24, 24)
    assert file.headers["Cache-Control"] == "private, max-age=86400, immutable"
    assert file.headers["Content-Disposition"] == f"inline; filename={body['id']}.png"
    assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_an_uploaded_image_is_an_input(client, ask):
    asset = upload(client, "/v1/assets", png()).json()["id"]
    answer = client.post("/v1/generations", {**ask, "inputs": {**ask["inputs"], "image": asset}})
    assert answer.status_code == 202 and answer.json()["inputs"]["image"] == asset


@pytest.mark.parametrize(
    "content",
    [
        b"nonsense",
        png(size=2000)[:3000],
        b"GIF89a" + b"\0" * 20,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
    ids=["text", "cut short", "gif", "svg"],
)
def test_what_is_no_usable_image_is_refused(client, content):
    body = assert_problem(upload(client, "/v1/assets", content), 422, "invalid_image")
    assert body["errors"][0]["loc"] == ["file"] and Asset.objects.count() == 0


def test_an_image_that_is_too_large_is_refused(client, settings):
    settings.ASSET_MAX_BYTES = 50
    assert_problem(upload(client, "/v1/assets", png()), 422, "invalid_image")


def test_the_file_must_be_there_and_alone(client):
    assert_problem(client.post("/v1/assets", {}, format="multipart"), 422, "invalid_request")
    assert_problem(upload(client, "/v1/assets", b""), 422, "invalid_request")
    body = assert_problem(upload(client, "/v1/assets", png(), nonsense=1), 422, "invalid_request")
    assert body["errors"][0]["loc"] == ["nonsense"]
    assert_problem(client.post("/v1/assets", {"file": "x"}), 415, "unsupported_media_type")


def test_another_accounts_asset_does_not_exist(client, stranger, ask):
    asset = upload(stranger.client, "/v1/assets", png()).json()["id"]
    assert_problem(client.get(f"/v1/assets/{asset}"), 404, "not_found")
    answer = client.post("/v1/generations", {**ask, "inputs": {**ask["inputs"], "image": asset}})
    assert_problem(answer, 422, "invalid_image")


def test_a_signed_address_expires_and_cannot_be_forged(client, settings, monkeypatch):
    body = upload(client, "/v1/assets", png()).json()
    token = body["url"].rpartition("/")[2]
    assert_problem(client.get(body["url"].replace(token, token[::-1])), 404, "not_found")
    assert_problem(client.get("/v1/files/nonsense"), 404, "not_found")
    later = time.time() + settings.OUTPUT_URL_SECONDS * 2
    monkeypatch.setattr(links.time, "time", lambda: later)
    assert_problem(client.get(body["url"]), 403, "url_expired")
    assert client.get(client.get(f"/v1/assets/{body['id']}").json()["url"]).status_code == 200


def test_a_signed_address_stays_the_same_for_a_while_and_is_absolute_without_a_request(account, settings):
    asset = Asset(owner=account.user)
    assert links.file_link(asset.id) == links.file_link(asset.id)
    assert links.file_link(asset.id).startswith(settings.PUBLIC_URL + "/v1/files/")


def test_a_file_that_is_gone_is_not_found(client):
    body = upload(client, "/v1/assets", png()).json()
    asset = Asset.objects.get()
    asset.file.storage.delete(asset.file.name)
    assert_problem(client.get(body["url"]), 404, "not_found")


def test_a_lora_is_uploaded_listed_used_and_deleted(client, stranger, ask):
    answer = upload(client, "/v1/loras", LORA.read_bytes(), name="Outline")
    assert answer.status_code == 201, answer.content
    lora = answer.json()
    assert lora["name"] == "Outline" and lora["rank"] > 0
    assert [item["id"] for item in client.get("/v1/loras").json()["results"]] == [lora["id"]]
    assert stranger.client.get("/v1/loras").json()["results"] == []
    assert_problem(stranger.client.delete(f"/v1/loras/{lora['id']}"), 404, "not_found")

    inputs = {**ask["inputs"], "loras": [{"lora": lora["id"], "weight": 0.5}]}
    assert client.post("/v1/generations", {**ask, "inputs": inputs}).status_code == 202
    assert_problem(stranger.client.post("/v1/generations", {**ask, "inputs": inputs}), 422, "invalid_inputs")

    assert client.delete(f"/v1/loras/{lora['id']}").status_code == 204
    assert Lora.objects.count() == 0


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"a": 1}),
        b"nonsense" * 10,
        LORA.read_bytes()[:500],
        save({"a": numpy.zeros(3, "float32")}),
    ],
    ids=["pickle", "nonsense", "cut short", "no adapter"],
)
def test_what_is_no_lora_is_refused(client, content):
    body = assert_problem(upload(client, "/v1/loras", content, name="Bad"), 422, "invalid_lora")
    assert body["errors"][0]["loc"] == ["file"] and Lora.objects.count() == 0


@pytest.mark.parametrize("name", ["", "x" * 121, "a\0b"])
def test_a_lora_needs_a_name_that_can_be_kept(client, name):
    body = assert_problem(upload(client, "/v1/loras", LORA.read_bytes(), name=name), 422, "invalid_request")
    assert body["errors"][0]["loc"] == ["name"]
