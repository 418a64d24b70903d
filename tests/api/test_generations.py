from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from strategies import queue_view
from strategies.models import Generation, Task
from strategies.queue_view import forget_views

from .work import claim, fail, finish

GENERATION_FIELDS = {
    "id", "status", "strategy", "type", "family", "workflow", "version", "selection", "inputs", "rating",
    "seed", "metadata", "predictions", "queue", "error", "metrics", "created_at", "started_at",
    "completed_at", "deadline", "urls",
}  # fmt: skip
PREDICTION_FIELDS = {
    "id", "generation", "status", "seed", "output", "provenance", "error", "logs", "metrics", "queue",
    "created_at", "started_at", "completed_at", "urls",
}  # fmt: skip


def create(client, ask, **more):
    answer = client.post("/v1/generations", {**ask, **more})
    assert answer.status_code == 202, answer.content
    return answer.json()


def test_a_generation_is_accepted_with_everything_a_client_needs(client, ask, workflow):
    body = create(client, ask, num_predictions=2, metadata={"order": 12}, priority="high")

    assert body.keys() >= GENERATION_FIELDS
    assert (body["status"], body["strategy"], body["type"]) == ("starting", "generate", "base")
    assert (body["workflow"], body["version"], body["family"]) == (workflow.key, 1, None)
    assert [prediction["seed"] for prediction in body["predictions"]] == [7, 8]
    assert body["metadata"] == {"order": 12} and body["error"] is None and body["completed_at"] is None
    assert body["predictions"][0].keys() >= PREDICTION_FIELDS
    assert body["predictions"][0]["output"] == []
    assert body["urls"]["get"].endswith(f"/v1/generations/{body['id']}")
    assert client.get(body["urls"]["get"]).json()["id"] == body["id"]


@pytest.mark.parametrize(
    "more",
    [
        {"num_predictions": 3, "priority": "high", "metadata": {"tags": [1, 0.5, None], "a": {"b": "é"}}},
        {"not_before": "2090-01-02T03:04:05.678+02:00", "deadline_seconds": 12.5},
        {"type": "agentic", "agentic": {"max_attempts": 2, "evaluation_provider": "pixel"}},
    ],
)
def test_the_answer_to_a_request_is_what_reading_it_then_gives(client, ask, live_pool, more):
    body = create(client, ask, **more)
    assert client.get(body["urls"]["get"]).json() == body
    assert client.get(f"/v1/predictions/{body['predictions'][0]['id']}").json() == body["predictions"][0]


def test_a_request_takes_as_few_queries_for_ten_as_for_one(client, ask, live_pool, monkeypatch):
    monkeypatch.setattr(queue_view, "KEPT", 60.0)  # what waits is looked at for all requests of a while
    monkeypatch.setattr(queue_view, "KEPT_TIMES", 1e9)

    def queries(**more) -> list[str]:
        with CaptureQueriesContext(connection) as context:
            create(client, ask, **more)
        return [query["sql"].split()[0] for query in context if "SAVEPOINT" not in query["sql"]]

    queries()
    finish()
    Task.objects.update(device_seconds=1.0)  # so that a time can be told
    forget_views()
    queries()
    expected = ["SELECT", "SELECT", "INSERT", "INSERT", "INSERT", "UPDATE"]
    assert queries() == queries(num_predictions=10) == expected, "the key, the workflow; rows; the promise"


def test_what_nobody_can_run_is_accepted_and_says_so(client, ask):
    place = create(client, ask)["queue"]
    assert place["possible"] is False and place["position"] is None and "No live pool" in place["reasons"][0]


def test_a_waiting_prediction_knows_its_place(client, ask, live_pool):
    create(client, ask)
    body = create(client, ask, num_predictions=2)
    assert body["queue"]["position"] == 1 and body["queue"]["possible"] is True
    assert [prediction["queue"]["position"] for prediction in body["predictions"]] == [1, 2]
    assert create(client, ask, priority="high")["queue"]["position"] == 0


def test_a_finished_generation_has_outputs_that_can_be_fetched_without_a_key(client, ask, settings):
    body = create(client, ask)
    finish()

    body = client.get(body["urls"]["get"]).json()
    prediction = body["predictions"][0]
    assert body["status"] == prediction["status"] == "succeeded"
    assert body["queue"] is None and prediction["queue"] is None
    assert prediction["metrics"]["predict_time"] == 0.5 and prediction["metrics"]["total_time"] >= 0
    assert prediction["provenance"] == {"seed": 7}
    (output,) = prediction["output"]
    assert (output["width"], output["height"], output["content_type"]) == (16, 16, "image/png")

    client.credentials()
    answer = client.get(output["url"], headers={"Authorization": ""})
    assert answer.status_code == 200 and answer.content.startswith(b"\x89PNG")


def test_a_failed_generation_says_why(client, ask):
    body = create(client, ask)
    fail()
    body = client.get(body["urls"]["get"]).json()
    expected = {"code": "broken_output", "detail": "The model computed NaN."}
    assert body["status"] == "failed" and body["error"] == expected
    assert body["predictions"][0]["error"] == expected


def test_cancel_ends_it_once_and_answers_200_every_time(client, ask):
    body = create(client, ask)
    first = client.post(body["urls"]["cancel"])
    again = client.post(body["urls"]["cancel"])
    assert (first.status_code, first.json()["cancelled"]) == (200, True)
    assert (again.status_code, again.json()["cancelled"]) == (200, False)
    assert again.json()["generation"]["status"] == "canceled"


def test_canceling_one_prediction_leaves_its_neighbour_alone(client, ask):
    body = create(client, ask, num_predictions=2)
    answer = client.post(body["predictions"][0]["urls"]["cancel"]).json()
    assert answer["cancelled"] is True and answer["prediction"]["status"] == "canceled"
    neighbour = client.get(body["predictions"][1]["urls"]["get"]).json()
    assert neighbour["status"] == "starting" and neighbour["generation"] == body["id"]


def test_a_running_generation_cannot_be_deleted_and_a_finished_one_takes_its_files_along(
    client, ask, django_capture_on_commit_callbacks
):
    body = create(client, ask)
    assert client.delete(body["urls"]["get"]).json()["code"] == "still_running"
    asset = finish()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(body["urls"]["get"]).status_code == 204
    assert client.get(body["urls"]["get"]).status_code == 404
    assert not asset.file.storage.exists(asset.file.name)


def test_a_prediction_is_replayed_with_its_seed(client, ask):
    body = create(client, ask, num_predictions=2)
    second = body["predictions"][1]
    url = f"/v1/predictions/{second['id']}/replay"
    assert client.post(url).json()["code"] == "still_running"
    client.post(body["urls"]["cancel"])

    answer = client.post(url)
    assert answer.status_code == 202
    assert answer.json()["seed"] == second["seed"] and answer.json()["metadata"]["replay_of"] == second["id"]


def test_lists_are_newest_first_in_pages(client, ask):
    ids = [create(client, ask)["id"] for _ in range(3)]
    page = client.get("/v1/generations?limit=2").json()
    assert [item["id"] for item in page["results"]] == [ids[2], ids[1]] and page["previous"] is None
    rest = client.get(page["next"]).json()
    assert [item["id"] for item in rest["results"]] == [ids[0]] and rest["next"] is None


def test_a_list_takes_as_many_queries_for_ten_as_for_one(client, ask, live_pool):
    def queries() -> int:
        forget_views()
        with CaptureQueriesContext(connection) as context:
            assert client.get("/v1/generations").status_code == 200
        return len(context)

    create(client, ask)
    few = queries()
    for _ in range(9):
        create(client, ask, num_predictions=2)
    assert queries() == few < 15


def test_another_accounts_things_do_not_exist(client, stranger, ask):
    body = create(stranger.client, ask)
    prediction = body["predictions"][0]["id"]
    for method, path in [
        ("get", f"/v1/generations/{body['id']}"),
        ("delete", f"/v1/generations/{body['id']}"),
        ("post", f"/v1/generations/{body['id']}/cancel"),
        ("get", f"/v1/generations/{uuid4()}"),
        ("get", f"/v1/predictions/{prediction}"),
        ("post", f"/v1/predictions/{prediction}/cancel"),
        ("post", f"/v1/predictions/{prediction}/replay"),
    ]:
        answer = getattr(client, method)(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert client.get("/v1/generations").json()["results"] == []
    assert Generation.objects.get(id=body["id"]).status == "starting"


def test_staff_see_only_their_own_here_too(client, account, stranger, ask):
    account.user.is_staff = account.user.is_superuser = True
    account.user.save()
    body = create(stranger.client, ask)
    assert client.get(body["urls"]["get"]).status_code == 404


def test_an_adult_workflow_needs_an_age_verified_account(client, account, ask, workflow):
    workflow.rating = "adult"
    workflow.save()
    answer = client.post("/v1/generations", ask)
    assert (answer.status_code, answer.json()["code"]) == (403, "age_verification_required")
    account.user.age_verified_at = account.user.date_joined
    account.user.save()
    assert create(client, ask)["rating"] == "adult"


@pytest.mark.parametrize("moment", ["waiting", "running"])
def test_a_deadline_and_a_start_time_are_kept(client, ask, moment):
    body = create(client, ask, deadline_seconds=60, not_before="2020-01-01T00:00:00Z")
    if moment == "running":
        claim()
    body = client.get(body["urls"]["get"]).json()
    assert body["deadline"] > body["created_at"] and body["not_before"] == "2020-01-01T00:00:00Z"
