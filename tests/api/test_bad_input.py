"""What must be refused: each with its problem response, and the next request works."""

import json
import random

import pytest
from django.db import OperationalError
from rest_framework.test import APIClient

from api.urls import urlpatterns
from strategies.models import Generation

POST = "/v1/generations"


def assert_problem(answer, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code, body
    assert body["status"] == status and body["type"] == f"urn:atelier:problem:{code}" and body["title"]
    assert len(body["detail"]) > 10
    return body


def locations(body: dict) -> list[list]:
    return [error["loc"] for error in body.get("errors", [])]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_body"),
        (b"\xff\xfe", 400, "malformed_body"),
        (b'{"seed": NaN}', 400, "malformed_body"),
        (b'{"seed": -Infinity}', 400, "malformed_body"),
        (b'{"seed": 1, "seed": 2}', 400, "malformed_body"),
        (b"[" * 100_000, 400, "malformed_body"),
        (b'{"metadata":' * 200 + b"{}" + b"}" * 200, 422, "invalid_request"),
        (b"9" * 10_000, 400, "malformed_body"),
        (b'{"seed": 1e999}', 422, "invalid_request"),
        (b'{"metadata": {"a": 1' + b"0" * 400 + b"}}", 422, "invalid_request"),
        (b'{"metadata": {"a": "\\u0000"}}', 422, "invalid_request"),
        (b'{"metadata": {"\\u0000": 1}}', 422, "invalid_request"),
        (b'{"metadata": {"a": ["\\ud800"]}}', 422, "invalid_request"),
        (b'{"metadata": {"a": [' + b"1," * 200_000 + b"1]}}", 422, "invalid_request"),
        (b"{" + b",".join(b'"%d": 1' % number for number in range(90_000)) + b"}", 422, "invalid_request"),
        (b"[]", 422, "invalid_request"),
        (b"null", 422, "invalid_request"),
        (b'"text"', 422, "invalid_request"),
        (b"12", 422, "invalid_request"),
        (b"", 422, "invalid_request"),
    ],
)
def test_a_body_that_is_no_usable_json_object(client, body, status, code):
    assert_problem(client.generic("POST", POST, body, content_type="application/json"), status, code)


@pytest.mark.parametrize(
    ("change", "loc"),
    [
        ({"unknown": 1}, ["unknown"]),
        ({"webhook": ["https://example.org/"]}, ["webhook"]),
        ({"webhook_events_filter": ["logs"]}, ["webhook_events_filter", 0]),
        ({"seed": -1}, ["seed"]),
        ({"seed": 2**63}, ["seed"]),
        ({"seed": 10**300}, ["seed"]),
        ({"seed": "x"}, ["seed"]),
        ({"seed": 1.5}, ["seed"]),
        ({"num_predictions": 0}, ["num_predictions"]),
        ({"num_predictions": 65}, ["num_predictions"]),
        ({"num_predictions": True}, ["num_predictions"]),
        ({"type": "magic"}, ["type"]),
        ({"priority": 5}, ["priority"]),
        ({"priority": []}, ["priority"]),
        ({"not_before": "tomorrow"}, ["not_before"]),
        ({"not_before": "0001-01-01T00:00:00+14:00"}, ["not_before"]),
        ({"deadline_seconds": -1}, ["deadline_seconds"]),
        ({"deadline_seconds": "nan"}, ["deadline_seconds"]),
        ({"deadline_seconds": 1e300}, ["deadline_seconds"]),
        ({"metadata": {"a": "x" * 20_000}}, ["metadata"]),
        ({"metadata": "text"}, ["metadata"]),
        ({"inputs": []}, ["inputs"]),
        ({"inputs": "a red circle"}, ["inputs"]),
        ({"selection": {"style": ["a"]}}, ["selection", "style"]),
        ({"workflow": "x" * 81}, ["workflow"]),
        ({"workflow": {}}, ["workflow"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_field_that_cannot_be_used_is_named(client, ask, change, loc):
    body = assert_problem(client.post(POST, {**ask, **change}), 422, "invalid_request")
    assert loc in locations(body)
    assert Generation.objects.count() == 0 and client.post(POST, ask).status_code == 202


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"workflow": None}, "invalid_request"),
        ({"workflow": ""}, "invalid_request"),
        ({"strategy": "generate"}, "invalid_request"),
        ({"selection": {"style": "plain"}}, "invalid_request"),
        ({"workflow": "nonsense"}, "unknown_workflow"),
        ({"workflow": None, "strategy": "nonsense"}, "unknown_strategy"),
        ({"workflow": None, "strategy": "generate"}, "unknown_strategy"),
        ({"workflow": None, "family": "nonsense"}, "unknown_family"),
    ],
    ids=str,
)
def test_what_to_run_must_be_named_once_and_exist(client, ask, change, code):
    assert_problem(client.post(POST, {**ask, **change}), 422, code)


@pytest.mark.parametrize(
    "inputs",
    [
        {"prompt": "x" * 100_000},
        {"prompt": ""},
        {"prompt": None},
        {"prompt": 12},
        {"prompt": ["a"]},
        {"width": -8},
        {"width": 0},
        {"width": 100},
        {"width": 10**9},
        {"width": 10**300},
        {"width": 128.5},
        {"width": "nan"},
        {"width": True},
        {"num_inference_steps": 10_000},
        {"guidance_scale": -1},
        {"guidance_scale": "much"},
        {"scheduler": "nonsense"},
        {"nonsense": 1},
        {"mask": "data:image/png;base64,AAAA"},
        {"image": "no such asset"},
        {"image": "../../etc/passwd"},
        {"image": "file:///etc/passwd"},
        {"image": "http://127.0.0.1/a.png"},
        {"image": "https://127.0.0.1/a.png"},
        {"image": "https://[::1]/a.png"},
        {"image": "https://169.254.169.254/latest"},
        {"image": "https://"},
        {"image": "https://[broken/"},
        {"image": "data:image/png;base64,!!!"},
        {"image": "data:text/html,hello"},
        {"image": "data:image/png;base64,R0lGODlhAQABAAAAACw="},
        {"image": 12},
        {"strength": 0.5},
        {"control_images": ["data:image/png;base64,AAAA"]},
        {"control_images": "x"},
        {"loras": [{"lora": "00000000-0000-0000-0000-000000000000"}]},
        {"loras": [{"lora": "not a uuid"}]},
        {"loras": [{}]},
        {"loras": [None]},
        {"loras": "x"},
    ],
    ids=lambda value: str(value)[:50],
)
def test_inputs_that_break_the_contract_are_named(client, ask, inputs):
    answer = client.post(POST, {**ask, "inputs": {**ask["inputs"], **inputs}})
    body = assert_problem(answer, 422, answer.json()["code"])
    assert body["code"] in ("invalid_inputs", "invalid_image")
    assert body["errors"] and all(loc[0] == "inputs" for loc in locations(body))
    assert Generation.objects.count() == 0


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "x" * 300])
def test_another_content_type_is_unsupported(client, content_type):
    answer = client.generic("POST", POST, b"{}", content_type=content_type)
    assert_problem(answer, 415, "unsupported_media_type")


def test_whatever_a_client_claims_to_accept_it_gets_json(client, ask):
    answer = client.post(POST, ask, headers={"Accept": "text/event-stream"})
    assert answer.status_code == 202 and answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/nonsense", "/v1/generations/", "/v1/generations/12", "/v1/catalog/a%00b", "/nonsense"],
)
def test_an_unknown_address_is_a_problem_too(client, path):
    for method in (client.get, client.post, APIClient().get):
        assert_problem(method(path), 404, "not_found")


def test_a_method_that_is_not_allowed(client):
    answer = client.put(POST, {})
    assert_problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_a_body_that_is_too_large(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = client.post(POST, {"metadata": {"a": "x" * 2000}})
    assert_problem(answer, 413, "body_too_large")


def test_a_broken_multipart_body(client):
    answer = client.generic("POST", "/v1/assets", b"nonsense", content_type="multipart/form-data; boundary=x")
    assert_problem(answer, 422, "invalid_request")
    answer = client.generic("POST", "/v1/assets", b"nonsense", content_type="multipart/form-data")
    assert_problem(answer, 400, "malformed_body")


@pytest.mark.parametrize("cursor", ["nonsense", "%00", "cD14", "cD0yMDI2", "bz0tMQ%3D%3D"])
def test_a_damaged_cursor(client, cursor):
    answer = client.get(f"{POST}?cursor={cursor}")
    assert answer.status_code == 200 or assert_problem(answer, 422, "invalid_cursor")


def test_every_address_can_be_asked_for_its_options(client, ask):
    for pattern in urlpatterns:
        path = "/" + str(pattern.pattern)
        for kind in ("uuid:id", "slug:family", "str:token"):
            path = path.replace(f"<{kind}>", "00000000-0000-0000-0000-000000000000")
        if path != "/readyz":
            assert client.options(path).status_code < 500 and client.head(path).status_code < 500, path


def test_another_host_is_refused(client):
    assert_problem(client.get(POST, headers={"Host": "evil.example"}), 400, "bad_request")


def test_a_bug_is_a_problem_with_the_request_id(client, monkeypatch):
    monkeypatch.setattr("api.views.operators.pool_states", lambda: 1 / 0)
    client.raise_request_exception = False
    body = assert_problem(client.get("/v1/pools", headers={"X-Request-Id": "abc"}), 500, "internal_error")
    assert body["request_id"] == "abc" and "abc" in body["detail"]


def test_a_database_that_is_away_is_a_problem_to_try_again(client, monkeypatch):
    from_afar = "strategies.pools.connection"  # any look-up will do
    monkeypatch.setattr(from_afar, lambda: (_ for _ in ()).throw(OperationalError("gone")))
    answer = client.get("/v1/pools")
    assert_problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "5"


def test_nothing_random_makes_it_stumble(client, ask):
    """Five hundred mutations of a good body: none of them is a 500."""
    strange = [None, True, -1, 0, 1e308, 2**64, "", "x" * 300, "\u202e", "0", [], {}, [[]], {"": {}}, [None]]
    dice = random.Random(1)
    for _ in range(500):
        body = json.loads(json.dumps(ask))
        for _ in range(dice.randint(1, 3)):
            target = dice.choice([body, body.get("inputs")])
            if isinstance(target, dict):
                names = [
                    "inputs",
                    "selection",
                    "seed",
                    "prompt",
                    "width",
                    "image",
                    "loras",
                    "metadata",
                    "family",
                ]
                target[dice.choice(names)] = dice.choice(strange)
        assert client.post(POST, body).status_code in (202, 422), body
