"""Agentic generations over HTTP: how they are asked for, and what their predictions tell."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from strategies import lifecycle
from strategies.lifecycle import Output
from strategies.models import Asset, Generation, Shot
from strategies.queue_view import forget_views

from .work import finish

AGENTIC = {
    "type": "agentic",
    "agentic": {"max_attempts": 2, "min_confidence_score": 0.9, "evaluation_provider": "pixel"},
}


def judge(score: float) -> None:
    """The picture that was drawn last is judged."""
    held = lifecycle.claim(queue="evaluation", worker="gpu@test", device="cpu", lease_seconds=60)
    verdict = {
        "score": score,
        "evaluator": "pixel",
        "reason": "a green circle seen",
        "missing": ["red circle"],
    }
    assert lifecycle.succeed(held, Output(result=verdict))


def create(client, ask, **more) -> dict:
    answer = client.post("/v1/generations", {**ask, **more})
    assert answer.status_code == 202, answer.content
    return answer.json()


def read(client, body: dict) -> dict:
    return client.get(body["urls"]["get"]).json()["predictions"][0]


def test_a_generation_waits_with_one_attempt_and_no_confidence(client, ask):
    body = create(client, ask, **AGENTIC)
    prediction = body["predictions"][0]
    assert body["type"] == "agentic"
    assert [each["number"] for each in prediction["attempts"]] == [1]
    assert prediction["attempts"][0]["output"] is None and prediction["attempts"][0]["score"] is None
    assert prediction["confidence"] is prediction["decision"] is prediction["below_threshold"] is None


def test_every_attempt_is_told_and_the_best_is_delivered_with_its_confidence(client, ask):
    body = create(client, ask, **AGENTIC)
    best = finish()
    judge(0.75)
    finish()
    judge(0.5)

    prediction = read(client, body)
    assert (prediction["status"], prediction["confidence"]) == ("succeeded", 0.75)
    assert (prediction["below_threshold"], prediction["decision"]) == (True, "attempts_used")
    assert [output["id"] for output in prediction["output"]] == [str(best.id)]
    first, second = prediction["attempts"]
    assert (first["seed"], first["score"], first["evaluator"]) == (7, 0.75, "pixel")
    assert first["reason"] == "a green circle seen"
    assert second["prompt"].endswith("red circle") and second["seed"] != first["seed"]
    assert client.get(second["output"]["url"]).status_code == 200
    assert client.get(f"/v1/predictions/{prediction['id']}").json()["attempts"] == prediction["attempts"]


def test_one_that_passes_is_not_below_the_threshold(client, ask):
    body = create(client, ask, **AGENTIC)
    finish()
    judge(0.95)
    prediction = read(client, body)
    assert (prediction["confidence"], prediction["below_threshold"]) == (0.95, False)
    assert (prediction["decision"], len(prediction["attempts"])) == ("accepted", 1)


def test_a_base_prediction_has_none_of_it(client, ask):
    prediction = create(client, ask)["predictions"][0]
    names = ("confidence", "attempts", "decision", "below_threshold")
    assert [prediction[name] for name in names] == [None] * 4


def test_what_is_left_out_is_the_default(client, ask):
    create(client, ask, type="agentic")
    shot = Shot.objects.get()
    assert (shot.max_attempts, shot.min_confidence_score, shot.evaluation_provider) == (4, 0.8, "clip")


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"max_attempts": 0}, "max_attempts"),
        ({"max_attempts": 17}, "max_attempts"),
        ({"min_confidence_score": 1.5}, "min_confidence_score"),
        ({"evaluation_provider": "taste"}, "evaluation_provider"),
        ({"attempts": 3}, "attempts"),
    ],
)
def test_rules_that_make_no_sense_are_refused_by_name(client, ask, rules, field):
    answer = client.post("/v1/generations", {**ask, "type": "agentic", "agentic": rules})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["agentic", field]


def test_rules_for_a_base_generation_are_refused(client, ask):
    answer = client.post("/v1/generations", {**ask, "agentic": {"max_attempts": 2}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["agentic"]


def test_a_vision_model_that_is_not_set_up_is_refused_with_advice(client, ask):
    answer = client.post(
        "/v1/generations", {**ask, "type": "agentic", "agentic": {"evaluation_provider": "vision"}}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "language_model_unavailable")
    assert "evaluation_provider" in answer.json()["detail"]
    assert not Generation.objects.exists()


def test_a_list_looks_attempts_up_all_at_once(client, ask):
    def queries() -> int:
        forget_views()  # kept for a second, whoever asks
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/v1/generations").status_code == 200
        return len(seen)

    create(client, ask, **AGENTIC, num_predictions=2)
    finish(), judge(0.1), queries()
    before = queries()
    create(client, ask, **AGENTIC, num_predictions=3)
    assert queries() == before


def test_a_deleted_generation_takes_every_attempt_with_it(client, ask):
    body = create(client, ask, **AGENTIC)
    finish(), judge(0.5), finish(), judge(0.6)
    assert Asset.objects.count() == 2
    assert client.delete(body["urls"]["get"]).status_code == 204
    assert Asset.objects.count() == Shot.objects.count() == 0


def test_an_operator_sees_the_attempts(staff, client, ask, admin_client):
    create(client, ask, **AGENTIC)
    finish(), judge(0.5), finish(), judge(0.6)
    shot = Shot.objects.get()
    page = admin_client.get(reverse("admin:strategies_shot_change", args=[shot.pk])).content.decode()
    assert "a green circle seen" in page and page.count("<img") >= 2
    for name, arguments in (("shot_changelist", []), ("prediction_change", [shot.prediction_id])):
        answer = admin_client.get(reverse(f"admin:strategies_{name}", args=arguments))
        assert answer.status_code == 200
        assert "attempts used" in answer.content.decode().lower()
