"""Event streams, against a real web process."""

import threading
import time

import pytest

from api import stream
from strategies import events as emitted
from strategies.models import Generation

from .sse import events
from .work import claim, finish


@pytest.fixture
def generation(web, account, ask) -> dict:
    answer = web.post("/v1/generations", json=ask, headers=account.headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


def follow(web, account, generation, last_id: str = "", stop=None):
    headers = {**account.headers, **({"Last-Event-ID": last_id} if last_id else {})}
    with web.stream("GET", generation["urls"]["events"], headers=headers) as answer:
        assert answer.status_code == 200 and answer.headers["content-type"] == "text/event-stream"
        for event in events(answer.iter_lines()):
            yield event
            if stop and stop(event):
                return


def test_a_stream_tells_the_whole_story_and_ends(web, account, generation):
    told = []
    reader = threading.Thread(target=lambda: told.extend(follow(web, account, generation)))
    reader.start()
    held = claim()
    emitted.emit(generation["id"], "progress", {"prediction": str(held.task.prediction_id), "step": 1})
    finish(held)
    reader.join(timeout=10)

    assert not reader.is_alive()
    names = [event.name for event in told]
    assert names[0] == "status" and told[0].data["status"] == "starting"
    assert names.index("progress") < names.index("output") < names.index("completed") == len(names) - 1
    output = told[names.index("output")].data
    assert output["prediction"] == generation["predictions"][0]["id"]
    assert web.get(output["output"][0]["url"]).content.startswith(b"\x89PNG")
    completed = told[-1].data
    assert completed["status"] == "succeeded" and completed["predictions"][0]["output"]


def test_a_client_that_comes_back_gets_only_what_it_missed(web, account, generation):
    finish()
    everything = list(follow(web, account, generation))
    seen = everything[1]
    assert next(follow(web, account, generation, seen.id)).id == everything[2].id


def test_a_client_that_has_seen_the_end_is_told_not_to_come_back(web, account, generation):
    finish()
    last = list(follow(web, account, generation))[-1]
    headers = {**account.headers, "Last-Event-ID": last.id}
    assert web.get(generation["urls"]["events"], headers=headers).status_code == 204


def test_a_stream_that_has_expired_is_answered_from_the_row(web, account, generation, redis_server):
    finish()
    redis_server.delete(emitted.stream_key(generation["id"]))
    told = list(follow(web, account, generation))
    assert [event.name for event in told] == ["status", "output", "completed"]
    assert told[0].data["status"] == "succeeded" and told[1].data["output"]
    assert not told[0].id and not told[1].id, "a client cut off in the middle hears it again"
    headers = {**account.headers, "Last-Event-ID": told[-1].id}
    assert web.get(generation["urls"]["events"], headers=headers).status_code == 204


def test_an_end_that_was_never_announced_is_found_in_the_row(web, account, generation, redis_server):
    held = claim()
    told = []
    reader = threading.Thread(target=lambda: told.extend(follow(web, account, generation)))
    reader.start()
    while not told:
        time.sleep(0.05)
    Generation.objects.filter(id=generation["id"]).update(
        status="canceled", completed_at=held.task.created_at
    )
    reader.join(timeout=15)
    assert not reader.is_alive() and told[-1].name == "completed"


def test_a_stream_is_for_its_owner_only(web, account, stranger, generation):
    url = generation["urls"]["events"]
    assert web.get(url).json()["code"] == "not_authenticated"
    assert web.get(url, headers=stranger.headers).json()["code"] == "not_found"
    assert web.post(url, headers=account.headers).json()["code"] == "method_not_allowed"
    assert web.get(url, headers={"Authorization": "Bearer no"}).json()["code"] == "invalid_api_key"


async def test_a_stream_breaks_its_silence_now_and_then(monkeypatch):
    monkeypatch.setattr(stream, "KEEP_ALIVE_SECONDS", 0.01)
    assert await stream._news(stream.asyncio.Event()) is False
