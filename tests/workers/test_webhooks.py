"""Messages on their way to a real server that fails, hangs, redirects, and comes back."""

import socket
import threading
from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import WebhookVerificationError

from strategies.dispatch import DELIVER
from strategies.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from strategies.webhooks import addresses, deliveries
from strategies.webhooks.endpoints import endpoint_create, endpoint_update
from strategies.webhooks.secrets import endpoint_rotate, own_secret
from tests.factories import make_generation, make_owner
from tests.receiver import Receiver, receiving
from tests.stack import waited
from tests.strategies.lifecycle import claim
from workers import tasks, webhooks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def allowed(settings):
    """Loopback may be called, and an attempt is short."""
    settings.ALLOW_PRIVATE_WEBHOOK_URLS = True
    settings.WEBHOOK_TIMEOUT_SECONDS = 1.0
    settings.WEBHOOK_RETRY_SECONDS = [60.0, 60.0, 60.0]


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def endpoint(owner, receiver, allowed) -> WebhookEndpoint:
    return endpoint_create(owner=owner, url=receiver.url, events=["prediction.start"])


@pytest.fixture
def told(owner, workflow, endpoint) -> WebhookDelivery:
    """A message that waits: a prediction has started."""
    return happen(owner, workflow, endpoint)


def happen(owner, workflow, endpoint=None) -> WebhookDelivery:
    make_generation(owner, workflow)
    claim()
    return WebhookDelivery.objects.filter(endpoint=endpoint).latest("created_at")


def attempt(delivery: WebhookDelivery) -> WebhookDelivery:
    """One attempt, as if its time had come."""
    WebhookEndpoint.objects.update(resting_until=None)
    pending = WebhookDelivery.objects.filter(id=delivery.id, status=DeliveryStatus.PENDING)
    pending.update(next_attempt_at=timezone.now())
    webhooks.deliver()
    delivery.refresh_from_db()
    return delivery


def test_a_message_is_delivered_signed_and_once(told, endpoint, receiver: Receiver):
    assert attempt(told).status == DeliveryStatus.DELIVERED
    assert webhooks.deliver() == 0
    (received,) = receiver.received
    document = received.verified(endpoint.secret)
    assert document["type"] == "prediction.start" and document["data"]["status"] == "processing"
    assert received.id == str(told.id) and received.headers["content-type"] == "application/json"
    assert received.path == "/hook" and received.headers["host"] == receiver.url.split("/")[2]
    with pytest.raises(WebhookVerificationError):
        received.verified(own_secret(endpoint.owner).secret)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (500, "It answered 500 Internal Server Error."),
        (404, "It answered 404 Not Found."),
        ((302, {"Location": "/elsewhere"}, b""), "It answered 302 Found; redirects are not followed."),
        (0, "No answer within 1 seconds."),
    ],
)
def test_what_fails_is_tried_again_under_the_same_id(told, receiver: Receiver, answer, error):
    receiver.answers = [answer]
    assert attempt(told).status == DeliveryStatus.PENDING
    assert (told.attempts, told.last_error) == (1, error)
    assert attempt(told).status == DeliveryStatus.DELIVERED
    assert [each.id for each in receiver.received] == [str(told.id)] * 2
    assert {each.path for each in receiver.received} == {"/hook"}
    assert told.last_error == "" and told.attempts == 2


def test_a_server_that_comes_back_gets_what_it_missed(owner, workflow, allowed):
    with receiving() as first:
        endpoint = endpoint_create(owner=owner, url=first.url)
    told = happen(owner, workflow, endpoint)
    assert attempt(told).last_error.startswith("Not reached: ConnectError")
    with receiving(port=int(first.address.rpartition(":")[2])) as again:
        assert attempt(told).status == DeliveryStatus.DELIVERED
    assert again.events() == [told.event]


def test_it_is_given_up_when_the_schedule_is_over_and_can_be_replayed(told, receiver: Receiver):
    receiver.answers = [(503, {}, b"out to lunch\x00")] * 4
    for _ in range(5):
        attempt(told)
    assert (told.status, told.attempts, len(receiver.received)) == (DeliveryStatus.FAILED, 4, 4)
    assert (told.last_status_code, told.last_response) == (503, "out to lunch�")
    deliveries.delivery_replay(told)
    assert attempt(told).status == DeliveryStatus.DELIVERED
    assert {each.id for each in receiver.received} == {str(told.id)}


def test_the_published_schedule_is_kept_with_some_jitter(told, receiver: Receiver, settings):
    settings.WEBHOOK_RETRY_SECONDS = [5.0, 300.0]
    receiver.answers = [500]
    attempt(told)
    pause = (told.next_attempt_at - told.last_attempt_at).total_seconds()
    assert 4.5 <= pause <= 7 and webhooks.deliver() == 0


def test_an_answer_may_ask_for_more_time(told, receiver: Receiver):
    receiver.answers = [(429, {"Retry-After": "120"}, b"")]
    attempt(told)
    assert (told.next_attempt_at - timezone.now()).total_seconds() == pytest.approx(120, abs=5)


def test_410_disables_the_endpoint(told, endpoint, owner, workflow, receiver: Receiver):
    other = happen(owner, workflow, endpoint)
    receiver.answers = [410]
    told.__class__.objects.filter(id=other.id).update(next_attempt_at=timezone.now() + timedelta(hours=1))
    assert attempt(told).status == DeliveryStatus.FAILED
    endpoint.refresh_from_db()
    assert (endpoint.disabled, endpoint.disabled_reason) == (True, "It answered 410 Gone.")
    other.refresh_from_db()
    assert other.status == DeliveryStatus.FAILED and "disabled" in other.last_error
    make_generation(owner, workflow)
    claim()
    assert webhooks.deliver() == 0 and len(receiver.received) == 1


def test_an_endpoint_that_fails_for_days_is_disabled_and_one_that_recovers_is_not(
    told, endpoint, receiver: Receiver
):
    receiver.answers = [500, 204, 500]
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=4))
    attempt(told)
    attempt(told)
    endpoint.refresh_from_db()
    assert (endpoint.disabled, endpoint.failing_since) == (False, None)
    deliveries.delivery_replay(told)
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=6))
    assert attempt(told).status == DeliveryStatus.FAILED
    endpoint.refresh_from_db()
    assert endpoint.disabled_reason == "Nothing could be delivered for 5 days."


def test_a_failing_endpoint_is_spared_for_a_while(
    told, owner, workflow, endpoint, receiver: Receiver, settings
):
    settings.WEBHOOK_RETRY_SECONDS = [300.0]
    receiver.answers = [500]
    attempt(told)
    happen(owner, workflow, endpoint)
    assert webhooks.deliver() == 0 and not deliveries.any_due()
    WebhookEndpoint.objects.update(resting_until=timezone.now())
    assert deliveries.any_due() and webhooks.deliver() == 1


def test_a_rotated_secret_signs_along_for_a_day(told, endpoint, receiver: Receiver):
    old = endpoint.secret
    new = endpoint_rotate(endpoint).secret
    attempt(told)
    assert receiver.received[0].verified(new) == receiver.received[0].verified(old)
    WebhookEndpoint.objects.update(previous_secret_until=timezone.now())
    deliveries.delivery_replay(told)
    attempt(told)
    assert receiver.received[1].verified(new)
    with pytest.raises(WebhookVerificationError):
        receiver.received[1].verified(old)


def test_a_requests_own_webhook_is_signed_with_the_owners_secret(
    owner, workflow, receiver: Receiver, allowed
):
    make_generation(
        owner, workflow, webhook=receiver.url + "?for=me", webhook_events_filter=["generation.start"]
    )
    claim()
    assert webhooks.deliver() == 1
    (received,) = receiver.received
    assert received.verified(own_secret(owner).secret)["type"] == "generation.start"
    assert received.path == "/hook?for=me"


def test_a_message_that_cannot_be_signed_says_so_and_holds_up_no_other(
    told, owner, workflow, endpoint, receiver: Receiver, settings
):
    settings.SECRET_KEY = settings.SECRET_KEY + "2"
    other = make_owner()
    readable = happen(other, workflow, endpoint_create(owner=other, url=receiver.url))
    assert attempt(told).last_error == "Not sent: its secret cannot be read any more; rotate it."
    readable.refresh_from_db()
    assert told.status == DeliveryStatus.PENDING and readable.status == DeliveryStatus.DELIVERED
    assert str(told.id) not in [each.id for each in receiver.received]
    endpoint_rotate(endpoint)
    assert attempt(told).status == DeliveryStatus.DELIVERED


# --- addresses ----------------------------------------------------------------------------------------
def test_a_name_that_turned_private_is_not_called(told, receiver: Receiver, settings):
    settings.ALLOW_PRIVATE_WEBHOOK_URLS = False
    assert attempt(told).last_error == "The host name leads to a private address."
    assert receiver.received == []


def test_the_address_that_was_checked_is_the_one_that_is_called(told, endpoint, receiver, monkeypatch):
    """A name that answers differently the second time gets no second time."""
    port = receiver.address.rpartition(":")[2]
    WebhookEndpoint.objects.update(url=f"http://rebound.invalid:{port}/hook")
    looked_up = []

    def lookup(host, *_, **__):
        looked_up.append(host)
        assert len(looked_up) == 1
        return [(None, None, None, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", lookup)
    assert webhooks.deliver() == 1
    assert looked_up == ["rebound.invalid"]
    assert receiver.received[0].headers["host"] == f"rebound.invalid:{port}"


# --- many -----------------------------------------------------------------------------------------------
def test_a_server_that_hangs_holds_up_nobody_else(told, endpoint, receiver: Receiver, workflow, settings):
    settings.WEBHOOK_TIMEOUT_SECONDS = 3.0
    receiver.answers = [0] * 50
    for _ in range(5):
        happen(endpoint.owner, workflow, endpoint)
    with receiving() as quick:
        others = [make_owner() for _ in range(3)]
        for other in others:
            happen(other, workflow, endpoint_create(owner=other, url=quick.url))
        started = timezone.now()
        webhooks.deliver()
        delivered = WebhookDelivery.objects.filter(owner__in=others).values_list("completed_at", flat=True)
        assert len(delivered) == 6 and all((at - started).total_seconds() < 2 for at in delivered)


def test_whoever_calls_while_servers_hang_goes_on_and_what_they_called_for_is_sent(
    told, endpoint, receiver: Receiver, workflow, settings
):
    settings.WEBHOOK_TIMEOUT_SECONDS = 20.0
    receiver.answers = [0] * 50
    for _ in range(2 * deliveries.EACH_OWNER):
        happen(endpoint.owner, workflow, endpoint)
    first = threading.Thread(target=webhooks.deliver)
    first.start()
    waited(lambda: len(receiver.received) == deliveries.EACH_OWNER)
    assert webhooks.deliver() == 0
    with receiving() as quick:
        other = make_owner()
        happen(other, workflow, endpoint_create(owner=other, url=quick.url))
        waited(lambda: len(quick.received) == 2)
    assert first.is_alive() and len(receiver.received) == deliveries.EACH_OWNER
    receiver.closing.set()
    first.join()


def test_a_name_server_that_hangs_holds_up_nobody_else(workflow, receiver: Receiver, allowed, monkeypatch):
    answered, look_up = threading.Event(), socket.getaddrinfo

    def slow_look_up(host, *rest, **more):
        if host == "slow.invalid":
            answered.wait(20)
        return look_up(host, *rest, **more)

    for url in [f"https://slow.invalid/{number}" for number in range(8)] + [receiver.url]:
        owner = make_owner()
        happen(owner, workflow, endpoint_create(owner=owner, url=url))
    monkeypatch.setattr(addresses.socket, "getaddrinfo", slow_look_up)
    sender = threading.Thread(target=webhooks.deliver)
    sender.start()
    waited(lambda: WebhookDelivery.objects.filter(status=DeliveryStatus.DELIVERED).count() == 2, 10)
    assert sender.is_alive() and not answered.is_set()
    answered.set()
    sender.join()


def test_a_message_whose_sender_died_is_sent_again(told, receiver: Receiver):
    (lost,) = deliveries.claim_due(limit=1, lease_seconds=0)
    assert deliveries.any_due()
    assert attempt(told).status == DeliveryStatus.DELIVERED and told.attempts == 2
    assert deliveries.settle(lost, deliveries.Answer("", error="too late")) is False
    told.refresh_from_db()
    assert told.status == DeliveryStatus.DELIVERED


def test_what_is_being_sent_is_not_claimed_twice(told):
    assert len(deliveries.claim_due(limit=5, lease_seconds=60)) == 1
    assert deliveries.claim_due(limit=5, lease_seconds=60) == [] and not deliveries.any_due()


def test_a_commit_wakes_the_pool_and_the_reaper_wakes_it_again(told, broker_queue):
    assert broker_queue("webhooks") == 1
    tasks.reap()
    assert broker_queue("webhooks") == 2
    tasks.app.tasks[DELIVER].apply(throw=True)
    told.refresh_from_db()
    assert told.status == DeliveryStatus.DELIVERED
    tasks.reap()
    assert broker_queue("webhooks") == 2


def test_the_log_forgets_what_is_old(told, receiver: Receiver):
    attempt(told)
    assert deliveries.forget_old() == 0
    WebhookDelivery.objects.update(completed_at=timezone.now() - timedelta(days=31))
    assert deliveries.forget_old() == 1


def test_a_changed_url_gets_what_waits(told, endpoint, receiver: Receiver):
    endpoint_update(endpoint, url=receiver.address + "/new")
    attempt(told)
    assert receiver.received[0].path == told.last_url.removeprefix(receiver.address) == "/new"
