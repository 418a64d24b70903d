"""`POST /v1/subjects/{id}/train`."""

import pytest

from strategies import fetch, lifecycle
from strategies.models import Task
from strategies.params import parse
from tests.factories import make_workflow

from .test_bad_input import assert_problem, locations
from .test_subjects import made
from .test_uploads import upload
from .work import png


@pytest.fixture
def checkpoint():
    return make_workflow(
        generator="local_sdxl",
        checkpoint="pocket:pocket-sdxl",
        is_default_for_strategy=True,
        strategy="generate",
    )


@pytest.fixture
def pictures(client) -> list[str]:
    return [upload(client, "/v1/assets", png(colour, 64)).json()["id"] for colour in ("red", "blue")]


@pytest.fixture
def subject(client) -> str:
    return f"/v1/subjects/{made(client, trigger_word='zorp')['id']}"


def test_a_training_is_accepted_as_a_task(client, checkpoint, subject, pictures):
    body = {"images": pictures, "num_train_steps": 50, "rank": 8, "learning_rate": 0.001, "seed": 3}
    answer = client.post(f"{subject}/train", body)
    assert answer.status_code == 202, answer.content
    task = answer.json()
    assert (task["task_type"], task["status"], task["queue"]) == ("training", "starting", "training")
    assert answer.headers["Location"] == task["urls"]["get"]
    assert client.get(task["urls"]["get"]).json()["id"] == task["id"]

    params = parse(Task.objects.get(id=task["id"]).params)
    assert [str(image) for image in params.images] == pictures
    assert (params.num_train_steps, params.rank, params.learning_rate, params.seed) == (50, 8, 0.001, 3)
    assert params.prompt == "a zorp" and params.validation_prompts == ("a zorp",)
    assert params.checkpoint.location == "pocket:pocket-sdxl"
    assert (params.num_inference_steps, params.guidance_scale) == (4, 3.0)  # as the workflow draws

    canceled = client.post(task["urls"]["cancel"]).json()
    assert canceled["cancelled"] and canceled["task"]["status"] == "canceled"


def test_the_same_key_trains_once(client, checkpoint, subject, pictures):
    headers = {"Idempotency-Key": "once"}
    ids = {
        client.post(f"{subject}/train", {"images": pictures}, headers=headers).json()["id"] for _ in range(2)
    }
    assert len(ids) == Task.objects.count() == 1


def test_a_training_may_be_kept_for_the_night(client, checkpoint, subject, pictures):
    answer = client.post(f"{subject}/train", {"images": pictures, "not_before": "2100-01-01T22:00:00Z"})
    assert answer.status_code == 202 and answer.json()["not_before"] == "2100-01-01T22:00:00Z"
    assert lifecycle.claim(queue="training", worker="w", device="cpu", lease_seconds=60) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("images", []),
        ("images", ["x"] * 65),
        ("num_train_steps", 0),
        ("num_train_steps", 5001),
        ("rank", 0),
        ("rank", 129),
        ("learning_rate", 0),
        ("learning_rate", "nan"),
        ("validation_prompts", ["x"] * 5),
        ("steps", 5),
        ("not_before", "tonight"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(client, checkpoint, subject, pictures, field, value):
    problem = assert_problem(
        client.post(f"{subject}/train", {"images": pictures, field: value}), 422, "invalid_request"
    )
    assert locations(problem)[0][0] == field
    assert not Task.objects.exists()


def test_a_picture_that_is_not_ones_own_is_named(client, stranger, checkpoint, subject, pictures):
    foreign = upload(stranger.client, "/v1/assets", png()).json()["id"]
    problem = assert_problem(
        client.post(f"{subject}/train", {"images": [*pictures, foreign]}), 422, "invalid_image"
    )
    assert locations(problem) == [["images", 2]]


def test_pictures_that_take_too_long_together_are_refused(client, checkpoint, subject, pictures, monkeypatch):
    monkeypatch.setattr(fetch, "TOGETHER_SECONDS", 0)
    images = [*pictures, "https://pictures.invalid/a.png", "https://pictures.invalid/b.png"]
    problem = assert_problem(client.post(f"{subject}/train", {"images": images}), 422, "invalid_image")
    assert locations(problem) == [["images", 2]] and "as an asset" in problem["detail"]
    assert not Task.objects.exists()


def test_a_subject_needs_a_trigger_word(client, checkpoint, pictures):
    nameless = made(client)["id"]
    problem = assert_problem(
        client.post(f"/v1/subjects/{nameless}/train", {"images": pictures}), 422, "invalid_inputs"
    )
    assert locations(problem) == [["trigger_word"]]


def test_a_workflow_without_a_checkpoint_cannot_be_trained_for(client, workflow, subject, pictures):
    answer = client.post(f"{subject}/train", {"images": pictures, "workflow": workflow.key})
    assert locations(assert_problem(answer, 422, "unknown_workflow")) == [["workflow"]]


def test_another_accounts_subject_does_not_exist(stranger, checkpoint, subject, pictures):
    assert_problem(stranger.client.post(f"{subject}/train", {"images": pictures}), 404, "not_found")
