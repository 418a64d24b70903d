"""What a client meets: waiting, following, canceling, repeating, and being told no."""

import json
import math
import shutil
import uuid

import httpx
import pytest
from PIL import Image

from gpu import pocket
from tests.pictures import data_uri
from tests.stack import finished, waited

PROMPT = {"prompt": "a red circle on a blue background"}


def post(client, body, **headers):
    return client.post("/v1/generations", json=body, headers=headers)


def test_a_request_without_a_key_or_with_a_wrong_one_is_refused(stack):
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Bearer a.b"}):
        answer = httpx.get(f"{stack.url}/v1/generations", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_generation_is_accepted_at_once_and_can_be_followed_to_its_end(client):
    answer = post(client, {"family": "shapes", "selection": {"quality": "fast"}, "inputs": PROMPT})
    generation = answer.json()
    assert answer.status_code == 202
    assert generation["status"] == "starting" and generation["workflow"] == "pocket-solid-fast"

    events = []
    with client.stream("GET", generation["urls"]["events"]) as stream:
        for line in stream.iter_lines():
            if line.startswith("event:"):
                events.append(line.removeprefix("event:").strip())
            elif line.startswith("data:") and events[-1] in ("progress", "completed"):
                data = json.loads(line.removeprefix("data:"))
    assert events[0] == "status" and events[-1] == "completed"
    assert "progress" in events and "output" in events
    assert data["status"] == "succeeded"
    assert data["predictions"][0]["metrics"]["predict_time"] > 0


def test_events_are_replayed_from_where_a_client_left_off(client):
    generation = post(client, {"workflow": "noop", "inputs": PROMPT}, Prefer="wait=30").json()
    whole = client.get(generation["urls"]["events"]).text
    ids = [line.removeprefix("id:").strip() for line in whole.splitlines() if line.startswith("id:")]
    rest = client.get(generation["urls"]["events"], headers={"Last-Event-ID": ids[-2]}).text
    assert len(ids) > 3
    assert [line for line in rest.splitlines() if line.startswith("event:")] == ["event: completed"]


def test_a_cancel_is_heard_within_the_second_and_the_next_picture_is_drawn(client):
    slow = {"family": "shapes", "inputs": {**PROMPT, "num_inference_steps": 100}, "num_predictions": 2}
    generation = post(client, slow).json()
    waited(lambda: client.get(generation["urls"]["get"]).json()["status"] == "processing")

    canceled = client.post(generation["urls"]["cancel"]).json()
    again = client.post(generation["urls"]["cancel"]).json()

    assert canceled["cancelled"] is True and canceled["generation"]["status"] == "canceled"
    assert again["cancelled"] is False
    after = post(client, {"family": "shapes", "inputs": PROMPT}, Prefer="wait=60").json()
    assert after["status"] == "succeeded"
    final = client.get(generation["urls"]["get"]).json()
    assert [prediction["output"] for prediction in final["predictions"]] == [[], []]


def test_the_same_idempotency_key_answers_the_first_result_and_refuses_another_body(client):
    key = uuid.uuid4().hex
    body = {"workflow": "noop", "inputs": PROMPT}
    first, second = (post(client, body, **{"Idempotency-Key": key}) for _ in range(2))
    other = post(client, {**body, "seed": 1}, **{"Idempotency-Key": key})
    assert first.json()["id"] == second.json()["id"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_what_belongs_to_another_account_does_not_exist(stack, client):
    mine = post(client, {"workflow": "noop", "inputs": PROMPT}, Prefer="wait=30").json()
    prediction = mine["predictions"][0]
    with stack.client("admin") as other:
        for url in (mine["urls"]["get"], mine["urls"]["events"], prediction["urls"]["get"]):
            assert other.get(url).status_code == 404
        assert other.post(mine["urls"]["cancel"]).status_code == 404


def test_a_dry_run_tells_workflow_price_and_queue_without_making_anything(client):
    before = len(client.get("/v1/generations").json()["results"])
    body = {"selection": {"input_model": "outlined"}, "inputs": PROMPT}
    answer = client.post("/v1/catalog/shapes/resolve", json=body).json()
    assert answer["resolved"]["workflow"] == "pocket-outlined-fine"
    assert answer["queue"]["possible"] is True and answer["queue"]["position"] is not None
    assert len(client.get("/v1/generations").json()["results"]) == before


def test_the_catalogue_lists_the_demo_families(client):
    families = client.get("/v1/catalog").json()["results"]
    assert {"shapes", "trace", "remix"} <= {family["key"] for family in families}
    assert all(family["available"] for family in families)


PNG = "data:image/png;base64,"
SMALL = {"width": 64, "height": 64}


@pytest.mark.parametrize(
    ("body", "status", "code", "loc"),
    [
        ({"family": "nope"}, 422, "unknown_family", None),
        ({"family": "shapes", "selection": {"size": "big"}}, 422, "unknown_axis", None),
        ({"family": "shapes", "selection": {"quality": "best"}}, 422, "unknown_option", None),
        ({"workflow": "nope"}, 422, "unknown_workflow", None),
        ({"strategy": "nope"}, 422, "unknown_strategy", None),
        ({"family": "shapes", "colour": "red"}, 422, None, "colour"),
        ({"family": "shapes", "inputs": {"prompt": "x" * 100_000}}, 422, "invalid_inputs", "prompt"),
        ({"family": "shapes", "inputs": {**PROMPT, "width": -8}}, 422, "invalid_inputs", "width"),
        ({"family": "shapes", "inputs": {**PROMPT, "width": 100}}, 422, "invalid_inputs", "width"),
        ({"family": "shapes", "inputs": {**PROMPT, "height": 10**9}}, 422, "invalid_inputs", "height"),
        ({"family": "shapes", "inputs": {**PROMPT, "num_inference_steps": 10_000}}, 422, "invalid_inputs",
         "num_inference_steps"),
        ({"family": "shapes", "inputs": {**PROMPT, "mask": PNG}}, 422, "invalid_inputs", "mask"),
        ({"family": "remix", "inputs": {**PROMPT, "image": PNG + "AAAA"}}, 422, "invalid_image", "image"),
        ({"family": "remix", "inputs": {**PROMPT, "image": "https://127.0.0.1/a.png"}}, 422, "invalid_image",
         "image"),
        ({"family": "remix", "inputs": PROMPT}, 422, "invalid_inputs", "image"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_field_and_the_next_request_works(client, body, status, code, loc):
    answer = post(client, {"inputs": PROMPT, **body})
    problem = answer.json()
    assert answer.status_code == status, problem
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert code in (None, problem["code"])
    assert problem["detail"]
    if loc:
        assert loc in {part for error in problem["errors"] for part in error["loc"]}
    assert post(client, {"workflow": "noop", "inputs": PROMPT}).status_code == 202


def test_numbers_that_are_none_are_refused(client):
    text = json.dumps({"family": "shapes", "inputs": {**PROMPT, "guidance_scale": math.nan}})
    answer = client.post("/v1/generations", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"].startswith("application/problem+json")


BROKEN_WORKFLOW = """
import uuid
from families.models import Workflow
row = Workflow.objects.get(key="pocket-solid-fast")
row.id, row.key, row.checkpoint = uuid.uuid4(), "broken", {checkpoint!r}
row._state.adding = True
row.save()
"""


def test_a_checkpoint_with_a_file_missing_fails_with_the_files_name(stack, client, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(pocket.CHECKPOINT, broken)
    (weights,) = (broken / "unet").glob("*.safetensors")
    weights.unlink()
    stack.manage("shell", "-c", BROKEN_WORKFLOW.format(checkpoint=str(broken)))

    generation = post(client, {"workflow": "broken", "inputs": PROMPT}, Prefer="wait=60").json()
    assert (generation["status"], generation["error"]["code"]) == ("failed", "model_incomplete")
    assert weights.name in generation["error"]["detail"]
    after = post(client, {"family": "shapes", "inputs": PROMPT}, Prefer="wait=60").json()
    assert after["status"] == "succeeded"


def test_a_deadline_that_passes_in_the_queue_aborts(client):
    busy = post(client, {"family": "shapes", "inputs": {**PROMPT, "num_inference_steps": 100}}).json()
    late = post(
        client, {"workflow": "noop", "inputs": PROMPT, "deadline_seconds": 0.01, "priority": "low"}
    ).json()
    assert finished(client, late["id"])["status"] == "aborted"
    client.post(busy["urls"]["cancel"])


def test_a_picture_can_be_inlined_and_a_disguised_one_is_refused(client):
    uri = data_uri(Image.new("RGB", (64, 64), "red"))
    files = {"file": ("red.png", client.get("/healthz").content, "image/png")}
    disguised = client.post("/v1/assets", files=files)
    assert (disguised.status_code, disguised.json()["code"]) == (422, "invalid_image")
    body = {"family": "remix", "inputs": {**PROMPT, "image": uri}}
    assert post(client, body, Prefer="wait=60").json()["status"] == "succeeded"


def test_operators_see_queues_pools_and_metrics(stack, client):
    queues = client.get("/v1/queues").json()["results"]
    drawn = post(client, {"family": "shapes", "inputs": PROMPT}, Prefer="wait=60").json()
    assert drawn["status"] == "succeeded"
    assert "generation" in {queue["name"] for queue in queues}

    def reported():
        pools = {pool["name"].partition("@")[0]: pool for pool in client.get("/v1/pools").json()["results"]}
        return pools if pools["gpu"]["resident"] else None

    pools = waited(reported)
    assert set(pools) == {"gpu", "light", "network", "housekeeping"}
    assert pools["gpu"]["memory"]["model_bytes"] > 10**6
    assert httpx.get(f"{stack.url}/readyz").status_code == 200
    assert "atelier_queue_depth" in httpx.get(f"{stack.url}/metrics").text


def test_the_request_id_is_carried_from_http_into_the_worker(stack, client):
    mark = f"trace-{uuid.uuid4().hex}"
    generation = client.post(
        "/v1/generations", json={"workflow": "noop", "inputs": PROMPT},
        headers={"X-Request-Id": mark, "Prefer": "wait=30"},
    )  # fmt: skip
    assert generation.headers["X-Request-Id"] == mark
    assert waited(
        lambda: [line for line in stack.log().splitlines() if mark in line and "prediction_succeeded" in line]
    )
