import json

import redis

from strategies import events, lifecycle
from strategies.events import emit, stream_key
from tests.factories import make_generation

from .lifecycle import claim, output_of


def told(redis_server, generation) -> list[tuple[str, dict]]:
    entries = redis_server.xrange(stream_key(generation.id))
    return [(fields[b"event"].decode(), json.loads(fields[b"data"])) for _, fields in entries]


def test_a_generations_life_is_told_in_order(
    owner, workflow, redis_server, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        generation = make_generation(owner, workflow)
    with django_capture_on_commit_callbacks(execute=True):
        held = claim()
    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.succeed(held, output_of(held.task))

    story = told(redis_server, generation)
    prediction = str(generation.predictions.get().id)
    assert [(event, data.get("status"), data.get("prediction")) for event, data in story] == [
        ("status", "starting", None),
        ("status", "processing", prediction),
        ("status", "processing", None),
        ("output", None, prediction),
        ("status", "succeeded", prediction),
        ("status", "succeeded", None),
        ("completed", "succeeded", None),
    ]


def test_nothing_is_told_of_what_was_rolled_back(owner, workflow, redis_server):
    generation = make_generation(owner, workflow)  # the test's transaction never commits
    assert told(redis_server, generation) == []


def test_a_listener_is_woken_by_every_event(redis_server):
    listener = redis_server.pubsub(ignore_subscribe_messages=True)
    listener.subscribe(stream_key("g"))
    listener.get_message(timeout=1)
    emit("g", "progress", {"fraction": 0.5})
    message = listener.get_message(timeout=2)
    listener.close()
    assert message is not None and message["data"] == b"progress"


def test_streams_are_bounded_and_expire(redis_server):
    for number in range(3000):
        emit("g", "progress", {"step": number})
    assert redis_server.xlen(stream_key("g")) < 1300
    assert 0 < redis_server.ttl(stream_key("g")) <= 24 * 3600


def test_a_redis_that_is_away_loses_events_and_nothing_else(monkeypatch):
    def away():
        return redis.Redis(port=1, retry=None)

    monkeypatch.setattr(events, "connection", away)
    emit("g", "status", {"status": "starting"})
