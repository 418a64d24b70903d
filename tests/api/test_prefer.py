import threading
import time

import pytest
from django.db import connection
from django.http import HttpRequest

from api.prefer import preferred_seconds

from .work import claim, finish


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("respond-async", None),
        ("wait", 60),
        ("wait=5", 5),
        ("wait = 5", 5),
        ("respond-async, wait=10", 10),
        ("wait=0", 0),
        ("wait=999", 60),
        ("wait=abc", None),
        ("wait=-1", None),
        ("awaits", None),
    ],
)
def test_the_preference_is_read_and_capped(header, seconds):
    request = HttpRequest()
    request.META["HTTP_PREFER"] = header
    assert preferred_seconds(request) == seconds


def test_the_answer_is_held_until_the_generation_is_over(web, account, ask):
    def work() -> None:
        time.sleep(0.5)
        finish(held())
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    answer = web.post("/v1/generations", json=ask, headers={**account.headers, "Prefer": "wait=20"})
    worker.join()
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (201, "wait=20")
    body = answer.json()
    assert body["status"] == "succeeded" and body["predictions"][0]["output"]
    assert answer.elapsed.total_seconds() < 3 and answer.headers["Location"] == body["urls"]["get"]


def held():
    while True:
        try:
            return claim()
        except AssertionError:
            time.sleep(0.02)


def test_when_time_is_up_the_present_state_is_the_answer(web, account, ask):
    answer = web.post("/v1/generations", json=ask, headers={**account.headers, "Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["status"]) == (202, "starting")
    assert 1 <= answer.elapsed.total_seconds() < 3


def test_a_refusal_is_not_held(web, account):
    answer = web.post("/v1/generations", json={}, headers={**account.headers, "Prefer": "wait=20"})
    assert answer.status_code == 422 and answer.elapsed.total_seconds() < 3
