"""Agentic generations and written prompts through every real part, with the pocket models."""

import io

import pytest
from PIL import Image

from gpu.images import read_provenance
from gpu.pocket.judge import judge
from tests.stack import finished

HARD = "a small purple heart on a yellow background"
AGENTIC = {"max_attempts": 6, "min_confidence_score": 1.0, "evaluation_provider": "pixel"}


def pictures(client, prediction: dict) -> list[bytes]:
    return [client.get(output["url"]).content for output in prediction["output"]]


@pytest.fixture(scope="module")
def loop(stack) -> dict:
    """Six agentic predictions of what the pocket model finds hard, over."""
    ask = {"workflow": "pocket-solid-fine", "type": "agentic", "agentic": AGENTIC, "inputs": {"prompt": HARD}}
    with stack.client() as client:
        body = client.post("/v1/generations", json={**ask, "num_predictions": 6, "seed": 0}).json()
        return finished(client, body["id"])


def test_agentic_predictions_reach_the_threshold(loop):
    assert loop["status"] == "succeeded"
    tried = [prediction["attempts"] for prediction in loop["predictions"]]
    first = sum(attempts[0]["score"] == 1 for attempts in tried)
    reached = sum(prediction["below_threshold"] is False for prediction in loop["predictions"])
    print(f"single {first}, agentic {reached} of 6, {sum(map(len, tried)) / 6:.1f} attempts")
    assert reached >= max(first, 5)


def test_what_is_delivered_is_the_attempt_with_the_best_score(loop, client):
    for prediction in loop["predictions"]:
        scores = [attempt["score"] for attempt in prediction["attempts"]]
        best = prediction["attempts"][scores.index(max(scores))]
        (data,) = pictures(client, prediction)
        assert prediction["confidence"] == max(scores)
        assert [output["id"] for output in prediction["output"]] == [best["output"]["id"]]
        assert read_provenance(data)["seed"] == prediction["seed"] == best["seed"]
        if not prediction["below_threshold"]:
            reading = judge(Image.open(io.BytesIO(data)))
            (figure,) = reading.objects[:1]
            assert (reading.background, figure.color, figure.shape) == ("yellow", "purple", "heart")


def test_the_clip_model_judges_in_the_pool_that_draws(draw):
    generation, seen = draw(
        "a large red circle on a blue background", workflow="pocket-solid-fine", type="agentic",
        agentic={"max_attempts": 3, "min_confidence_score": 0.5}, seed=11,
    )  # fmt: skip
    prediction = generation["predictions"][0]
    assert prediction["below_threshold"] is False and prediction["confidence"] >= 0.5
    assert prediction["attempts"][0]["evaluator"] == "clip pocket-clip"
    reading = judge(seen[0])
    assert (reading.background, reading.objects[0].color) == ("blue", "red")


def test_when_nothing_passes_the_best_is_delivered_and_says_so(draw):
    generation, seen = draw(
        "a red circle and a green star and a yellow heart and a blue cross on a white background",
        workflow="pocket-solid-fast", type="agentic", agentic={**AGENTIC, "max_attempts": 2}, seed=3,
    )  # fmt: skip
    prediction = generation["predictions"][0]
    assert prediction["below_threshold"] is True and len(seen) == 1
    assert prediction["confidence"] == max(attempt["score"] for attempt in prediction["attempts"]) < 1
    assert "wanted" in prediction["logs"]


def test_a_picture_is_drawn_from_a_template_with_the_subjects_words(draw, client):
    subject = client.post("/v1/subjects", json={"name": "ball", "trigger_word": "a large red circle"})
    assert subject.status_code == 201, subject.text
    _, seen = draw(
        "on a blue background", workflow="pocket-worded", seed=11,
        inputs={"prompt_template": "{subject} {prompt}", "subject": subject.json()["id"]},
    )  # fmt: skip
    reading = judge(seen[0])
    assert (reading.background, reading.objects[0].color) == ("blue", "red")


def test_a_replay_draws_the_delivered_picture_again(loop, client):
    prediction = loop["predictions"][0]
    again = client.post(f"/v1/predictions/{prediction['id']}/replay", headers={"Prefer": "wait=60"}).json()
    assert (again["status"], again["type"]) == ("succeeded", "base")
    first, second = (
        Image.open(io.BytesIO(pictures(client, each)[0])) for each in (prediction, again["predictions"][0])
    )
    assert first.tobytes() == second.tobytes()
