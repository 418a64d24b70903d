"""Webhooks over REST: an owner's own, their secrets, and the log of what was sent."""

import json
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from standardwebhooks import Webhook

from strategies.models import WebhookDelivery, WebhookEndpoint
from strategies.webhooks import messages
from strategies.webhooks.events import EVENTS
from strategies.webhooks.messages import PATHS

from .test_bad_input import assert_problem, locations
from .work import finish

URL = "https://hooks.invalid/a"
PATH = "/v1/webhooks"


def made(client, **fields) -> dict:
    answer = client.post(PATH, {"url": URL, **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


@pytest.fixture
def webhook(client) -> dict:
    return made(client)


@pytest.fixture
def delivered(client, ask, webhook) -> list[dict]:
    """The log after one generation, oldest first."""
    client.post("/v1/generations", ask)
    finish()
    return client.get(f"{PATH}/{webhook['id']}/deliveries").json()["results"][::-1]


def test_one_is_made_read_changed_and_deleted(client):
    webhook = made(client, events=["generation.completed", "generation.completed"])
    assert (webhook["url"], webhook["events"], webhook["disabled"]) == (URL, ["generation.completed"], False)
    address = f"{PATH}/{webhook['id']}"
    shown = {name: value for name, value in webhook.items() if name != "secret"}
    assert client.get(address).json() == shown and client.get(PATH).json()["results"] == [shown]
    changed = client.patch(address, {"url": "https://hooks.invalid/b", "disabled": True}).json()
    assert (changed["url"], changed["disabled"]) == ("https://hooks.invalid/b", True)
    assert changed["disabled_reason"] == "Disabled by its owner." and "secret" not in changed
    assert client.patch(address, {"disabled": False}).json()["disabled_reason"] == ""
    assert client.delete(address).status_code == 204
    assert_problem(client.get(address), 404, "not_found")


def test_the_secret_is_shown_when_it_is_made_and_when_it_is_rotated(client, webhook):
    assert Webhook(webhook["secret"])
    rotated = client.post(f"{PATH}/{webhook['id']}/rotate").json()
    assert rotated["secret"] != webhook["secret"] and rotated["previous_secret_until"]
    assert WebhookEndpoint.objects.get().signing_secrets() == [rotated["secret"], webhook["secret"]]
    assert "secret" not in client.get(f"{PATH}/{webhook['id']}").json()


def test_the_secret_of_single_requests_is_the_accounts_own(client, stranger):
    secret = client.get(f"{PATH}/default/secret").json()["secret"]
    assert client.get(f"{PATH}/default/secret").json()["secret"] == secret
    assert stranger.client.get(f"{PATH}/default/secret").json()["secret"] != secret
    assert client.post(f"{PATH}/default/rotate").json()["secret"] != secret


@pytest.mark.parametrize(
    ("fields", "code", "loc"),
    [
        ({"url": ""}, "invalid_request", ["url"]),
        ({"url": "https://localhost/"}, "invalid_webhook", ["url"]),
        ({"url": "http://example.com/"}, "invalid_webhook", ["url"]),
        ({"events": []}, "invalid_request", ["events"]),
        ({"events": ["prediction.logs"]}, "invalid_request", ["events", 0]),
        ({"events": "all"}, "invalid_request", ["events"]),
        ({"disabled": "perhaps"}, "invalid_request", ["disabled"]),
        ({"secret": "whsec_mine"}, "invalid_request", ["secret"]),
    ],
)
def test_a_field_that_cannot_be_used_is_named(client, webhook, fields, code, loc):
    assert locations(assert_problem(client.post(PATH, {"url": URL, **fields}), 422, code)) == [loc]
    answer = client.patch(f"{PATH}/{webhook['id']}", fields)
    assert locations(assert_problem(answer, 422, code)) == [loc]


def test_there_is_a_limit(client, webhook, settings):
    settings.MAX_WEBHOOKS = 1
    assert_problem(client.post(PATH, {"url": URL}), 409, "too_many_webhooks")


def test_one_is_made_once_under_one_key(client):
    answers = [client.post(PATH, {"url": URL}, headers={"Idempotency-Key": "w"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json() and WebhookEndpoint.objects.count() == 1


def test_another_accounts_do_not_exist(client, stranger, webhook, delivered):
    assert stranger.client.get(PATH).json()["results"] == []
    address, delivery = f"{PATH}/{webhook['id']}", f"{PATH}/deliveries/{delivered[0]['id']}"
    for method in (stranger.client.get, stranger.client.patch, stranger.client.delete):
        assert_problem(method(address), 404, "not_found")
    assert_problem(stranger.client.post(f"{address}/rotate"), 404, "not_found")
    assert_problem(stranger.client.get(f"{address}/deliveries"), 404, "not_found")
    assert_problem(stranger.client.get(delivery), 404, "not_found")
    assert_problem(stranger.client.post(f"{delivery}/replay"), 404, "not_found")


def test_a_request_names_its_own_webhook(client, ask):
    own = {"webhook": URL, "webhook_events_filter": ["generation.completed"]}
    assert client.post("/v1/generations", {**ask, **own}).status_code == 202
    finish()
    (delivery,) = client.get(f"{PATH}/default/deliveries").json()["results"]
    assert (delivery["webhook"], delivery["url"], delivery["event"]) == (None, URL, "generation.completed")


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "http://example.com/", "https://169.254.169.254/x"])
def test_a_request_cannot_have_our_own_network_called(client, ask, url):
    body = assert_problem(client.post("/v1/generations", {**ask, "webhook": url}), 422, "invalid_webhook")
    assert locations(body) == [["webhook"]]


# --- the log ------------------------------------------------------------------------------------------
def test_the_log_shows_what_waits(delivered, webhook):
    assert sorted(row["event"] for row in delivered) == sorted(EVENTS)
    for row in delivered:
        assert (row["status"], row["attempts"], row["response"], row["url"]) == ("pending", 0, None, URL)
        assert row["webhook"] == webhook["id"] and row["payload"]["type"] == row["event"]


def test_the_log_is_filtered_by_status(client, webhook, delivered):
    WebhookDelivery.objects.filter(event="generation.start").update(
        status="failed", next_attempt_at=None, last_status_code=500, last_response="oops"
    )
    address = f"{PATH}/{webhook['id']}/deliveries"
    (row,) = client.get(address, {"status": "failed"}).json()["results"]
    assert row["response"] == {"status": 500, "body": "oops"}
    assert client.get(f"{PATH}/deliveries/{row['id']}").json() == row
    assert_problem(client.get(address, {"status": "lost"}), 422, "invalid_request")


def test_a_delivery_is_replayed(client, delivered, broker_queue):
    WebhookDelivery.objects.update(status="failed", next_attempt_at=None, attempts=9)
    answer = client.post(f"{PATH}/deliveries/{delivered[0]['id']}/replay")
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["attempts"]) == ("pending", 0)
    assert WebhookDelivery.objects.filter(status="pending").count() == 1


def test_nothing_is_replayed_to_a_disabled_webhook(client, webhook, delivered):
    client.patch(f"{PATH}/{webhook['id']}", {"disabled": True})
    answer = client.post(f"{PATH}/deliveries/{delivered[0]['id']}/replay")
    assert_problem(answer, 409, "webhook_disabled")


# --- the message --------------------------------------------------------------------------------------
@pytest.mark.parametrize("noun", ["prediction", "generation"])
def test_a_message_says_what_the_rest_document_says(client, delivered, noun, settings):
    """Field by field; it leaves out what is long."""
    settings.PUBLIC_URL = "http://testserver"
    row = WebhookDelivery.objects.get(event=f"{noun}.completed")
    told = json.loads(messages.body(row))["data"]
    rest = client.get(f"/v1/{noun}s/{told['id']}").json()
    assert told == _only(rest, told)
    if noun == "prediction":
        assert set(rest) - set(told) == {"provenance", "logs", "queue", "attempts"}
        assert client.get(told["output"][0]["url"]).status_code == 200


def test_the_addresses_in_messages_are_those_of_the_site():
    for name, path in PATHS.items():
        part = "token" if name == "file" else "id"
        value = "a:b" if name == "file" else "00000000-0000-0000-0000-000000000000"
        assert urlsplit(reverse(name, kwargs={part: value})).path == path.format(**{part: value})


def _only(rest, like):
    """What of a document the other has, too."""
    if isinstance(like, dict):
        return {name: _only(rest[name], value) for name, value in like.items()}
    if isinstance(like, list):
        return [_only(one, other) for one, other in zip(rest, like, strict=True)]
    return rest
