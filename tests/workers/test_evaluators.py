"""Who judges pictures: the pixel reader, the CLIP model and the vision model."""

import pytest
from PIL import Image

from strategies.models.shot import Evaluator
from strategies.params import EvaluationParams
from tests.gpu.pocket_world import drawn
from tests.workers.chat import ChatServer
from workers.evaluators import EVALUATORS
from workers.evaluators.pixel import NothingToRead
from workers.evaluators.vision import Opinion
from workers.language import LanguageModelAway, LanguageModelRefused

RED_CIRCLE = drawn("red", "circle", "blue")


def pixel(prompt: str, image: Image.Image = RED_CIRCLE):
    return EVALUATORS["pixel"].judge(image, EvaluationParams(evaluator=Evaluator.PIXEL, prompt=prompt))


def test_every_evaluator_that_can_be_asked_for_exists():
    assert set(EVALUATORS) == set(Evaluator.values)


def test_a_picture_that_shows_all_of_it_is_sure():
    verdict = pixel("a large red circle on a blue background")
    assert (verdict.score, verdict.missing) == (1.0, ())


@pytest.mark.parametrize(
    ("prompt", "score", "missing"),
    [
        ("a red circle on a green background", 2 / 3, ("green background",)),
        ("a red star on a blue background", 2 / 3, ("red star",)),
        ("a yellow star on a white background", 0.0, ("white background", "yellow star")),
        ("a red circle and a green square on a blue background", 3 / 5, ("green square",)),
        ("a red circle", 1.0, ()),
    ],
)
def test_what_is_not_shown_is_missing(prompt, score, missing):
    verdict = pixel(prompt)
    assert verdict.score == pytest.approx(score)
    assert verdict.missing == missing
    assert all(word in verdict.reason for word in missing)


def test_a_prompt_that_names_no_shape_is_refused_with_advice():
    with pytest.raises(NothingToRead, match="clip or vision"):
        pixel("a castle at dawn")


@pytest.fixture
def chat(settings):
    with ChatServer() as server:
        settings.LANGUAGE_URL, settings.LANGUAGE_KEY = server.url, "secret"
        settings.VISION_MODEL, settings.LANGUAGE_SECONDS = "seer-1", 1.0
        yield server


def vision():
    params = EvaluationParams(evaluator=Evaluator.VISION, prompt="a red circle")
    return EVALUATORS["vision"].judge(RED_CIRCLE, params)


def test_a_vision_model_is_shown_the_picture_and_its_answer_is_the_verdict(chat):
    chat.says(Opinion(score=0.4, reason="It is green.", missing=["red circle", " "]).model_dump_json())
    verdict = vision()
    assert (verdict.score, verdict.reason, verdict.missing) == (0.4, "It is green.", ("red circle",))
    assert verdict.evaluator == "vision seer-1"

    (asked,) = chat.asked
    assert (asked.path, asked.key) == ("/v1/chat/completions", "Bearer secret")
    assert asked.body["model"] == "seer-1"
    assert asked.body["response_format"]["json_schema"]["schema"]["required"] == [
        "score",
        "reason",
        "missing",
    ]
    text, image = asked.body["messages"][1]["content"]
    assert "a red circle" in text["text"]
    assert image["image_url"]["url"].startswith("data:image/png;base64,")


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_busy_model_may_answer_another_time(chat, status):
    chat.fails(status)
    with pytest.raises(LanguageModelAway, match=str(status)):
        vision()


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refused_request_is_not_tried_again(chat, status):
    chat.fails(status, "no such model")
    with pytest.raises(LanguageModelRefused, match="no such model"):
        vision()


@pytest.mark.parametrize("content", ["not JSON", '{"score": 7, "reason": "", "missing": []}', ""])
def test_an_answer_in_another_form_may_be_right_another_time(chat, content):
    chat.says(content)
    with pytest.raises(LanguageModelAway, match="form"):
        vision()


def test_a_model_that_declines_is_the_callers_to_mend(chat):
    chat.declines("I cannot look at this.")
    with pytest.raises(LanguageModelRefused, match="cannot look"):
        vision()


def test_a_server_that_hangs_or_is_away_is_transient(chat, settings):
    chat.hangs(3)
    settings.LANGUAGE_SECONDS = 0.2
    with pytest.raises(LanguageModelAway):
        vision()
    settings.LANGUAGE_URL = "http://127.0.0.1:9/v1"
    with pytest.raises(LanguageModelAway):
        vision()


def test_a_server_that_sends_a_little_now_and_then_gets_no_more_time(chat, settings):
    chat.says(Opinion(score=0.4, reason="It is green.", missing=[]).model_dump_json())
    chat.trickles(20)
    settings.LANGUAGE_SECONDS = 0.4
    with pytest.raises(LanguageModelAway, match="TimeoutError"):
        vision()


def test_without_a_model_nothing_is_asked(chat, settings):
    settings.VISION_MODEL = ""
    with pytest.raises(LanguageModelRefused, match="set up"):
        vision()
    assert chat.asked == []
