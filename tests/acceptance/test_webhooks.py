"""Webhooks from the running stack to a real server."""

import httpx
import pytest

from strategies.webhooks.events import EVENTS
from tests.pictures import circle_and_square, data_uri
from tests.receiver import Receiver, receiving
from tests.stack import waited

ASK = {"family": "shapes", "inputs": {"prompt": "a red circle on a blue background"}, "seed": 7}


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def webhook(client, receiver: Receiver):
    """An endpoint of the demo account, for one test."""
    made = client.post("/v1/webhooks", json={"url": receiver.url}).json()
    yield made
    assert client.delete(f"/v1/webhooks/{made['id']}").status_code == 204


def log(client, webhook: dict) -> dict[str, dict]:
    rows = client.get(f"/v1/webhooks/{webhook['id']}/deliveries").json()["results"]
    return {row["event"]: row for row in rows}


def test_a_server_that_fails_at_first_hears_everything_signed_with_pictures_it_can_fetch(
    client, webhook, receiver: Receiver
):
    receiver.answers = [500, (302, {"Location": "/"}, b"")]
    generation = client.post("/v1/generations", json=ASK).json()
    waited(lambda: set(receiver.events()[2:]) == set(EVENTS))
    waited(lambda: {row["status"] for row in log(client, webhook).values()} == {"delivered"})
    assert len(receiver.received) == len(EVENTS) + 2
    assert {each.id for each in receiver.received} == {row["id"] for row in log(client, webhook).values()}
    assert max(row["attempts"] for row in log(client, webhook).values()) > 1

    document = receiver.wait_for("generation.completed").verified(webhook["secret"])["data"]
    assert (document["id"], document["status"]) == (generation["id"], "succeeded")
    picture = httpx.get(document["predictions"][0]["output"][0]["url"])
    assert picture.headers["content-type"] == "image/png"


def test_a_request_names_its_own_server_and_a_message_is_sent_again_on_demand(client, receiver: Receiver):
    secret = client.get("/v1/webhooks/default/secret").json()["secret"]
    own = {"webhook": receiver.url, "webhook_events_filter": ["prediction.completed"]}
    generation = client.post("/v1/generations", json={**ASK, **own}).json()
    first = receiver.wait_for("prediction.completed")
    assert first.verified(secret)["data"]["generation"] == generation["id"]
    waited(lambda: client.get(f"/v1/webhooks/deliveries/{first.id}").json()["status"] == "delivered")
    assert client.post(f"/v1/webhooks/deliveries/{first.id}/replay").status_code == 202
    waited(lambda: len(receiver.received) == 2)
    assert receiver.received[1].id == first.id


def test_servers_that_hang_hold_up_no_pixels(client, webhook, receiver: Receiver):
    receiver.answers = [0] * 100
    for _ in range(3):
        client.post("/v1/generations", json=ASK)
    waited(lambda: len(receiver.received) >= 4)
    inputs = {"base_image": data_uri(circle_and_square()), "brightness": 1.2}
    adjusted = client.post(
        "/v1/generations/image-adjust", json={"inputs": inputs}, headers={"Prefer": "wait=60"}
    ).json()
    assert adjusted["status"] == "succeeded"
    assert {row["error"] for row in log(client, webhook).values()} == {""}, "no attempt is over yet"
