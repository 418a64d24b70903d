"""Which messages are written, when, and what they say."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from strategies import lifecycle
from strategies.errors import DeliveryUnderWay, InvalidWebhook, TooManyWebhooks, WebhookDisabled
from strategies.lifecycle.announce import status_changed
from strategies.models import DeliveryStatus, Status, Task, WebhookDelivery, WebhookEndpoint
from strategies.webhooks import deliveries
from strategies.webhooks.addresses import checked_url
from strategies.webhooks.endpoints import (
    endpoint_create,
    endpoint_delete,
    endpoint_update,
)
from strategies.webhooks.events import EVENTS
from strategies.webhooks.secrets import own_secret, own_secret_rotate
from tests.factories import make_generation, make_owner

from .lifecycle import claim, output_of
from .test_agentic import agentic, attempt


@pytest.fixture
def endpoint(owner) -> WebhookEndpoint:
    return endpoint_create(owner=owner, url="https://hooks.invalid/a")


def life(owner, workflow, **ask):
    generation = make_generation(owner, workflow, **ask)
    held = claim()
    lifecycle.succeed(held, output_of(held.task))
    return generation


def told(**filters) -> list[str]:
    return list(
        WebhookDelivery.objects.filter(**filters).order_by("created_at").values_list("event", flat=True)
    )


def test_a_generations_life_is_told_in_order(owner, workflow, endpoint):
    generation = life(owner, workflow)
    assert told(endpoint=endpoint, generation=generation) == [
        "prediction.start", "generation.start", "prediction.output", "prediction.completed",
        "generation.completed",
    ]  # fmt: skip
    assert sorted(told()) == sorted(EVENTS)


def test_a_message_says_what_was_so_when_it_happened(owner, workflow, endpoint):
    life(owner, workflow, metadata={"order": 7})
    payloads = {row.event: row.payload["data"] for row in WebhookDelivery.objects.all()}
    assert (
        payloads["prediction.start"]["status"] == "processing" and not payloads["prediction.start"]["output"]
    )
    assert payloads["prediction.output"]["output"][0]["content_type"] == "image/png"
    assert payloads["prediction.completed"]["status"] == "succeeded"
    assert payloads["generation.start"]["status"] == "processing"
    last = payloads["generation.completed"]
    assert (last["status"], last["metadata"]) == ("succeeded", {"order": 7})
    assert last["predictions"] == [payloads["prediction.completed"]]


def test_nothing_is_written_for_what_was_rolled_back(owner, workflow, endpoint):
    make_generation(owner, workflow)
    with pytest.raises(RuntimeError), transaction.atomic():
        claim()
        assert WebhookDelivery.objects.count() == 2
        raise RuntimeError
    assert WebhookDelivery.objects.count() == 0


def test_an_event_is_told_once(owner, workflow, endpoint):
    generation = make_generation(owner, workflow)
    prediction = generation.predictions.get().id
    for _ in range(2):
        status_changed(generation.id, Status.PROCESSING, prediction)
        status_changed(generation.id, Status.PROCESSING)
    assert told() == ["prediction.start", "generation.start"]


def test_only_those_who_want_to_hear_are_told(owner, workflow, endpoint):
    endpoint_update(endpoint, events=["generation.completed"])
    endpoint_create(owner=make_owner(), url="https://hooks.invalid/stranger")
    endpoint_create(owner=owner, url="https://hooks.invalid/off", disabled=True)
    life(owner, workflow)
    assert told() == told(endpoint=endpoint) == ["generation.completed"]


def test_a_requests_own_webhook_hears_of_it_alone(owner, workflow):
    generation = life(
        owner, workflow, webhook="https://hooks.invalid/r", webhook_events_filter=["prediction.completed"]
    )
    life(owner, workflow)
    assert told() == told(endpoint=None, generation=generation) == ["prediction.completed"]
    assert WebhookDelivery.objects.get().url == "https://hooks.invalid/r"
    assert sorted(told(generation=life(owner, workflow, webhook="https://hooks.invalid/r"))) == sorted(EVENTS)


def test_failures_and_cancellations_are_completions(owner, workflow, endpoint):
    make_generation(owner, workflow)
    lifecycle.fail(claim(), lifecycle.Failure("broken_output", "NaN", retryable=False))
    canceled = make_generation(owner, workflow)
    lifecycle.cancel_generation(canceled.id)
    completed = WebhookDelivery.objects.filter(event="prediction.completed").order_by("created_at")
    documents = [row.payload["data"] for row in completed]
    assert [(each["status"], each["error"]) for each in documents] == [
        ("failed", {"code": "broken_output", "detail": "NaN"}),
        ("canceled", None),
    ]
    assert sorted(told(generation=canceled)) == ["generation.completed", "prediction.completed"]


def test_an_agentic_prediction_says_what_it_came_to(owner, workflow, endpoint):
    agentic(owner, workflow)
    attempt(0.95)
    data = WebhookDelivery.objects.get(event="prediction.completed").payload["data"]
    assert (data["confidence"], data["below_threshold"], data["decision"]) == (0.95, False, "accepted")
    assert len(data["output"]) == 1


def test_who_hears_nothing_costs_one_query(owner, workflow, django_assert_num_queries):
    generation = make_generation(owner, workflow)
    with django_assert_num_queries(1):
        status_changed(generation.id, Status.PROCESSING)


def test_an_endpoint_and_its_messages_are_forgotten_together(owner, workflow, endpoint):
    life(owner, workflow)
    endpoint_delete(endpoint)
    assert not WebhookEndpoint.objects.exists() and not WebhookDelivery.objects.exists()


def test_disabling_gives_up_what_waits(owner, workflow, endpoint):
    life(owner, workflow)
    endpoint = endpoint_update(endpoint, disabled=True)
    assert (endpoint.disabled, endpoint.disabled_reason) == (True, "Disabled by its owner.")
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {DeliveryStatus.FAILED}
    delivery = WebhookDelivery.objects.first()
    with pytest.raises(WebhookDisabled):
        deliveries.delivery_replay(delivery)
    assert endpoint_update(endpoint, disabled=False).disabled_reason == ""
    delivery.refresh_from_db()
    assert deliveries.delivery_replay(delivery).status == DeliveryStatus.PENDING


def test_a_message_on_its_way_is_not_replayed(owner, workflow, endpoint):
    life(owner, workflow)
    (claimed,) = deliveries.claim_due(limit=1, lease_seconds=60)
    with pytest.raises(DeliveryUnderWay):
        deliveries.delivery_replay(claimed)


def test_an_owner_has_so_many_webhooks_and_no_more(owner, endpoint, settings):
    settings.MAX_WEBHOOKS = 1
    with pytest.raises(TooManyWebhooks, match="has 1 webhooks"):
        endpoint_create(owner=owner, url="https://hooks.invalid/b")


def test_an_owners_secret_is_made_once_and_rotated(owner):
    first = own_secret(owner)
    assert own_secret(owner).secret == first.secret and first.secret.startswith("whsec_")
    second = own_secret_rotate(owner)
    assert second.signing_secrets() == [second.secret, first.secret]


def test_few_of_each_owner_are_claimed_and_none_of_the_busy(owner, workflow, endpoint):
    life(owner, workflow)
    other = make_owner()
    endpoint_create(owner=other, url="https://hooks.invalid/o")
    life(other, workflow)
    claimed = deliveries.claim_due(limit=16, lease_seconds=60)
    assert sorted(row.owner_id for row in claimed) == [owner.id] * 4 + [other.id] * 4
    rest = deliveries.claim_due(limit=16, lease_seconds=60, busy=[owner.id])
    assert [row.owner_id for row in rest] == [other.id]


def test_a_pending_message_always_has_a_next_attempt(owner, workflow, endpoint):
    life(owner, workflow)
    with pytest.raises(IntegrityError), transaction.atomic():
        WebhookDelivery.objects.update(next_attempt_at=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        WebhookDelivery.objects.update(status=DeliveryStatus.DELIVERED, completed_at=timezone.now())


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("hooks.example", "url_scheme"),
        ("http://example.com/hook", "url_scheme"),
        ("ftp://example.com/hook", "url_scheme"),
        ("https://", "url"),
        ("https://[::", "url"),
        ("https://example.com:99999/", "url"),
        ("https://user:secret@example.com/", "url"),
        ("https://example.com/" + "x" * 2000, "url"),
        ("https://127.0.0.1/hook", "private_address"),
        ("https://localhost/hook", "private_address"),
        ("https://169.254.169.254/latest/meta-data", "private_address"),
        ("https://10.0.0.1/", "private_address"),
        ("https://0.0.0.0/", "private_address"),
        ("https://[::1]/", "private_address"),
        ("https://[fe80::1]/", "private_address"),
        ("https://[::ffff:127.0.0.1]/", "private_address"),
        ("https://2130706433/", "private_address"),
    ],
)
def test_an_address_that_is_none_or_private_is_refused(db, url, kind):
    with pytest.raises(InvalidWebhook) as caught:
        checked_url(url, loc=("url",))
    assert (caught.value.errors[0]["loc"], caught.value.errors[0]["type"]) == (["url"], kind)


def test_a_public_address_is_kept_as_it_will_be_called(db):
    assert checked_url("https://8.8.8.8:8443/a?b=c", loc=("url",)) == "https://8.8.8.8:8443/a?b=c"
    assert checked_url("https://hooks.bücher.invalid/ü", loc=("url",)) == (
        "https://hooks.xn--bcher-kva.invalid/%C3%BC"
    )


@pytest.mark.django_db(transaction=True)
def test_an_endpoint_that_is_deleted_meanwhile_costs_no_state_change(owner, workflow, endpoint):
    """Deleting waits for the transition that tells it, and neither fails."""
    make_generation(owner, workflow)
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            held = claim()
            deleting = threads.submit(_alone, endpoint_delete, endpoint)
            with pytest.raises(TimeoutError):
                deleting.result(0.5)
        deleting.result(10)
    assert Task.objects.get(id=held.task.id).status == Status.PROCESSING
    assert not WebhookEndpoint.objects.exists() and not WebhookDelivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_transitions_that_tell_the_same_endpoint_do_not_wait_for_each_other(owner, workflow, endpoint):
    for _ in range(2):
        make_generation(owner, workflow)
    with ThreadPoolExecutor(1) as threads, transaction.atomic():
        claim()
        assert threads.submit(_alone, claim).result(10)
    assert sorted(told()) == ["generation.start"] * 2 + ["prediction.start"] * 2


def _alone(function, *args):
    """In this thread, with a connection of its own."""
    try:
        return function(*args)
    finally:
        connection.close()
