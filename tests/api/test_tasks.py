from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from strategies.events import note_progress
from strategies.lifecycle import reap, renew
from strategies.models import Asset, Lora, Task
from tests.factories import make_generation, make_owner

from .test_generations import create
from .work import claim, fail, finish

TASK_FIELDS = {
    "id", "task_type", "status", "queue", "params", "attempt", "max_attempts", "worker", "device", "progress",
    "result", "error", "prediction", "created_at", "started_at", "completed_at",
}  # fmt: skip
PARAMS = {
    "generator": "mock", "checkpoint": None, "prompt": "a red circle", "seed": 1, "width": 64, "height": 64,
    "num_inference_steps": 4, "guidance_scale": 3.0,
}  # fmt: skip
DRAWING = {name: value for name, value in PARAMS.items() if name not in ("width", "height")}


@pytest.fixture(autouse=True)
def _mock_is_open(workflow):
    """A published workflow draws with the generator of `PARAMS`."""


def accepted(client, **body) -> dict:
    answer = client.post("/v1/tasks", {"task_type": "generation", "params": PARAMS, **body})
    assert answer.status_code == 202, answer.content
    return answer.json()


def refused(answer, status: int, code: str) -> list[list]:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    return [error["loc"] for error in answer.json().get("errors", [])]


def test_a_task_runs_by_itself_and_shows_what_it_made(client):
    body = accepted(client, priority="high")
    assert body.keys() >= TASK_FIELDS
    assert (body["status"], body["queue"], body["prediction"]) == ("starting", "generation", None)

    held = claim()
    note_progress(held.task.id, 0.25)
    running = client.get(body["urls"]["get"]).json()
    assert (running["status"], running["progress"], running["worker"]) == ("processing", 0.25, "gpu@test")

    asset = finish(held)
    done = client.get(body["urls"]["get"]).json()
    assert (done["status"], done["progress"], done["error"]) == ("succeeded", 1.0, None)
    assert [made["id"] for made in done["output"]] == [str(asset.id)] == done["result"]["assets"]
    assert client.get(done["output"][0]["url"]).status_code == 200


def test_the_tasks_of_a_generation_are_listed_and_filtered(client, ask):
    create(client, ask)
    alone = accepted(client)
    fail()  # the generation's: it came first

    everything = client.get("/v1/tasks").json()["results"]
    assert [task["prediction"] is None for task in everything] == [True, False]
    waiting = client.get("/v1/tasks?status=starting&queue=generation").json()["results"]
    assert [task["id"] for task in waiting] == [alone["id"]]
    (dead,) = client.get("/v1/tasks?status=failed&task_type=generation").json()["results"]
    assert dead["error"]["code"] == "broken_output"
    assert client.get("/v1/tasks?queue=video").json()["results"] == []
    assert refused(client.get("/v1/tasks?status=done"), 422, "unknown_status") == [["status"]]
    assert refused(client.get("/v1/tasks?task_type=paint"), 422, "unknown_task_type") == [["task_type"]]


def test_a_waiting_task_can_be_hurried_and_a_running_one_cannot(client):
    first, second = accepted(client), accepted(client)
    answer = client.patch(second["urls"]["get"], {"priority": "high"})
    assert (answer.status_code, answer.json()["priority"]) == (200, "high")
    assert str(claim().task.id) == second["id"]

    refused(client.patch(second["urls"]["get"], {"priority": "low"}), 409, "not_waiting")
    deadline = client.patch(first["urls"]["get"], {"deadline": "2000-01-01T00:00:00Z"}).json()["deadline"]
    assert deadline.startswith("2000-01-01")


def test_a_deadline_is_for_the_first_step_of_a_chain(client, ask):
    generation = create(client, ask)
    (task,) = Task.objects.filter(generation=generation["id"])
    Task.objects.filter(id=task.id).update(step=1)
    address, moment = f"/v1/tasks/{task.id}", {"deadline": "2100-01-01T00:00:00Z"}
    assert refused(client.patch(address, moment), 422, "invalid_inputs") == [["deadline"]]
    Task.objects.filter(id=task.id).update(step=0)
    assert client.patch(address, moment).json()["deadline"].startswith("2100-01-01")


def test_a_canceled_task_takes_its_lease_with_it(client):
    body = accepted(client)
    held = claim()

    answer = client.post(body["urls"]["cancel"]).json()
    assert answer["cancelled"] is True and answer["task"]["status"] == "canceled"
    assert not renew(held, lease_seconds=60)
    assert client.post(body["urls"]["cancel"]).json()["cancelled"] is False


def test_canceling_a_generations_task_ends_its_prediction(client, ask):
    generation = create(client, ask, num_predictions=2)
    task = Task.objects.get(prediction=generation["predictions"][0]["id"])
    assert client.post(f"/v1/tasks/{task.id}/cancel").json()["cancelled"] is True
    after = client.get(generation["urls"]["get"]).json()
    assert [prediction["status"] for prediction in after["predictions"]] == ["canceled", "starting"]


def test_what_is_over_can_be_done_again_as_something_new(client, ask):
    alone = accepted(client)
    refused(client.post(f"/v1/tasks/{alone['id']}/retry"), 409, "still_running")
    fail()
    again = client.post(alone["urls"]["retry"])
    assert again.status_code == 202 and again.json()["id"] != alone["id"]
    assert again.json()["params"] == alone["params"]
    assert client.get(alone["urls"]["get"]).json()["status"] == "failed"

    finish()
    create(client, ask)
    fail()
    (dead,) = client.get("/v1/tasks?status=failed").json()["results"][:1]
    retried = client.post(f"/v1/tasks/{dead['id']}/retry").json()
    assert retried["prediction"] not in (None, dead["prediction"])


@pytest.mark.parametrize(
    ("change", "loc"),
    [
        ({"width": 65}, ["params", "width"]),
        ({"colour": "red"}, ["params", "colour"]),
        ({"image": str(uuid4())}, ["params", "image"]),
        ({"checkpoint": {"location": "/etc/passwd"}}, ["params", "checkpoint", "location"]),
        ({"generator": "someone_elses"}, ["params", "generator"]),
        ({"width": 128_000}, ["params", "width"]),
        ({"num_inference_steps": 10_000}, ["params", "num_inference_steps"]),
        ({"prompt_of_step_before": True}, ["params", "prompt"]),
        ({"loras": [{"location": "secret/one"}]}, ["params", "loras", 0, "location"]),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(client, change, loc):
    answer = client.post("/v1/tasks", {"task_type": "generation", "params": {**PARAMS, **change}})
    assert refused(answer, 422, "invalid_inputs") == [loc]
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("task_type", "params", "loc"),
    [
        ("evaluation", {"evaluator": "pixel", "prompt": "a red circle"}, ["params", "image"]),
        ("face_fix", {**DRAWING, "tile_size": 128, "strength": 0.4}, ["params", "base_image"]),
    ],
)
def test_what_a_step_before_would_give_is_missing_from_a_task_by_itself(client, task_type, params, loc):
    answer = client.post("/v1/tasks", {"task_type": task_type, "params": params})
    assert refused(answer, 422, "invalid_inputs") == [loc]


def test_a_refusal_says_what_would_do(client):
    def message(**body) -> str:
        return client.post("/v1/tasks", {"task_type": "prompt", **body}).json()["errors"][0]["msg"]

    assert "(task_type, provenance, template, words" in message(params={"template": "a", "colour": "red"})
    assert message(params={"template": "{colour}"}).startswith("{colour} is not a field; the fields are")
    assert message(params={}).startswith("Without a template a language model writes")
    assert message(priority="urgent") == "“urgent” is none of: low, normal, high."


def test_a_deadline_of_no_seconds_is_one(client):
    body = accepted(client, deadline_seconds=0)
    reap(republish_seconds=30)
    assert client.get(body["urls"]["get"]).json()["error"]["code"] == "deadline_passed"


def test_outputs_are_in_their_order(client, account):
    body = accepted(client)
    made_by = {"task_id": body["id"], "owner": account.user, "width": 8, "height": 8, "size": 1}
    poster = Asset.objects.create(index=1, file="1", content_type="image/png", **made_by)
    clip = Asset.objects.create(index=0, file="0", content_type="video/mp4", **made_by)
    shown = client.get(body["urls"]["get"]).json()["output"]
    assert [made["id"] for made in shown] == [str(clip.id), str(poster.id)]


def test_an_unknown_task_type_lists_the_known(client):
    answer = client.post("/v1/tasks", {"task_type": "paint"})
    assert refused(answer, 422, "invalid_inputs") == [["task_type"]]
    assert "generation" in answer.json()["detail"]


def test_a_model_of_a_published_workflow_is_open_to_everybody(client, workflow):
    type(workflow).objects.update(checkpoint="models/one")
    accepted(client, params={**PARAMS, "checkpoint": {"location": "models/one"}})


def test_another_accounts_lora_is_nobody_elses(client, db):
    foreign = Lora.objects.create(owner=make_owner(), name="theirs", file="x", sha256="0" * 64, size=1)
    answer = client.post(
        "/v1/tasks", {"task_type": "generation", "params": {**PARAMS, "loras": [{"lora": str(foreign.id)}]}}
    )
    assert refused(answer, 422, "invalid_inputs") == [["params", "loras", 0, "lora"]]


def test_an_account_sees_its_own_tasks_and_staff_all(client, workflow, staff):
    make_generation(make_owner(), workflow)
    assert client.get("/v1/tasks").json()["results"] == []
    (seen,) = staff.client.get("/v1/tasks").json()["results"]
    assert client.get(f"/v1/tasks/{seen['id']}").status_code == 404


def test_where_a_model_lies_on_the_server_is_not_told(client, workflow, ask):
    type(workflow).objects.update(checkpoint="/srv/models/one")
    create(client, ask)
    (task,) = client.get("/v1/tasks").json()["results"]
    assert task["params"]["checkpoint"]["location"] == "one"


def test_a_task_whose_time_has_not_come_waits(client):
    body = accepted(client, not_before=(timezone.now() + timedelta(hours=1)).isoformat())
    assert body["status"] == "starting" and body["not_before"]
