"""Which messages are due, and what became of them: written here and nowhere else.

An attempt is claimed under a token and for a time, as tasks are: if the worker dies, the message is due
again, with the same id. Locks are taken endpoint first, then deliveries.
"""

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from ..dispatch import wake_deliverers_on_commit
from ..errors import DeliveryUnderWay, WebhookDisabled
from ..models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from .endpoints import disable

log = structlog.get_logger(__name__)
GONE = 410
SLOW_DOWN = (429, 503)  # answers whose Retry-After counts
LONGEST_WAIT = 24 * 3600.0  # however long an answer asks us to wait
JITTER = (0.9, 1.1)
FAILING = timedelta(days=5)  # without one success: the endpoint is disabled
KEPT = timedelta(days=30)  # how long the log reaches back
BATCH = 500  # rows forgotten at once
EACH_OWNER = 4  # messages of one owner that are claimed at once
LONGEST_REST = 60.0  # seconds that a failing endpoint is spared

CLAIM = """
WITH due AS (
    SELECT delivery.id,
           row_number() OVER (PARTITION BY delivery.owner_id ORDER BY next_attempt_at, delivery.id) AS turn
    FROM strategies_webhookdelivery AS delivery
    LEFT JOIN strategies_webhookendpoint AS endpoint ON endpoint.id = delivery.endpoint_id
    WHERE status = 'pending' AND next_attempt_at <= %(now)s AND delivery.owner_id <> ALL(%(busy)s)
      AND (resting_until IS NULL OR resting_until <= %(now)s)
)
UPDATE strategies_webhookdelivery SET
    attempts = attempts + 1, lease_token = %(token)s,
    next_attempt_at = %(now)s + %(lease)s, last_attempt_at = %(now)s
WHERE id = ANY(ARRAY(
    SELECT waiting.id FROM strategies_webhookdelivery AS waiting JOIN due USING (id)
    WHERE due.turn <= %(each)s AND waiting.status = 'pending' AND waiting.next_attempt_at <= %(now)s
    ORDER BY waiting.next_attempt_at, waiting.id LIMIT %(limit)s FOR UPDATE OF waiting SKIP LOCKED
))
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an attempt met: a status code, or an error before there was one."""

    url: str
    status_code: int | None = None
    response: str = ""
    error: str = ""
    retry_after: float = 0.0

    @property
    def delivered(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


def claim_due(*, limit: int, lease_seconds: float, busy: Collection[int] = ()) -> list[WebhookDelivery]:
    """Up to `limit` messages that are due now, for this caller alone until the lease ends.

    Few of each owner, and none of those in `busy`, so that one slow server does not hold up the others.
    """
    token, lease = uuid4(), timedelta(seconds=lease_seconds)
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {
                "token": token, "now": timezone.now(), "lease": lease, "busy": list(busy),
                "each": EACH_OWNER, "limit": limit,
            },
        )  # fmt: skip
    claimed = WebhookDelivery.objects.filter(lease_token=token).order_by("created_at", "id")
    return list(claimed.select_related("endpoint", "generation", "owner"))


def any_due() -> bool:
    """Whether a message waits for somebody to send it."""
    now = timezone.now()
    due = WebhookDelivery.objects.filter(status=DeliveryStatus.PENDING, next_attempt_at__lte=now)
    return due.exclude(endpoint__resting_until__gt=now).exists()


def settle(claimed: WebhookDelivery, answer: Answer) -> bool:
    """Write what an attempt met: delivered, to be tried again, or given up. False: the lease is lost."""
    with transaction.atomic():
        endpoint = _endpoint(claimed, answer)
        row = (
            WebhookDelivery.objects.select_for_update(of=("self",))
            .filter(id=claimed.id, lease_token=claimed.lease_token)
            .first()
        )
        if row is None:
            return False
        row.lease_token = None
        row.last_url, row.last_status_code = answer.url, answer.status_code
        row.last_response, row.last_error = answer.response, answer.error
        _decide(row, answer)
        row.save()
        if endpoint:
            _judge(endpoint, row, answer)
        details = {"delivery": str(row.id), "event_type": row.event, "code": answer.status_code}
        transaction.on_commit(
            lambda: log.info(f"webhook_{row.status}", **details, error=answer.error), robust=True
        )
    return True


def delivery_replay(delivery: WebhookDelivery) -> WebhookDelivery:
    """Send a message again, from the beginning of its schedule and under the same id.

    Raises: WebhookDisabled, DeliveryUnderWay.
    """
    if delivery.endpoint and delivery.endpoint.disabled:
        raise WebhookDisabled("The webhook is disabled; enable it first.")
    with transaction.atomic():
        locked = WebhookDelivery.objects.select_for_update(of=("self",)).get(id=delivery.id)
        now = timezone.now()
        if locked.lease_token and locked.next_attempt_at and locked.next_attempt_at > now:
            raise DeliveryUnderWay("The message is being sent at this moment; see how it goes first.")
        locked.status, locked.attempts, locked.next_attempt_at = DeliveryStatus.PENDING, 0, now
        locked.completed_at = locked.lease_token = None
        locked.save()
        wake_deliverers_on_commit()
    return locked


def forget_old() -> int:
    """Delete what was settled long ago, a batch at a time. Returns how many."""
    old = WebhookDelivery.objects.filter(completed_at__lt=timezone.now() - KEPT).values("id")[:BATCH]
    return WebhookDelivery.objects.filter(id__in=old).delete()[0]


def _endpoint(claimed: WebhookDelivery, answer: Answer) -> WebhookEndpoint | None:
    """The delivery's endpoint, locked, if the answer changes what is thought of it."""
    if claimed.endpoint_id is None:
        return None
    endpoints = WebhookEndpoint.objects.filter(id=claimed.endpoint_id)
    if answer.delivered:
        endpoints = endpoints.filter(failing_since__isnull=False)
    return endpoints.select_for_update(no_key=True).first()


def _decide(row: WebhookDelivery, answer: Answer) -> None:
    """Delivered, given up, or the time of the next attempt."""
    now, pauses = timezone.now(), settings.WEBHOOK_RETRY_SECONDS
    if answer.delivered:
        row.status = DeliveryStatus.DELIVERED
    elif answer.status_code == GONE or row.attempts > len(pauses):
        row.status = DeliveryStatus.FAILED
    else:
        pause = pauses[row.attempts - 1] * random.uniform(*JITTER)
        if answer.status_code in SLOW_DOWN:
            pause = max(pause, min(answer.retry_after, LONGEST_WAIT))
        row.next_attempt_at = now + timedelta(seconds=pause)
        return
    row.next_attempt_at, row.completed_at = None, now


def _judge(endpoint: WebhookEndpoint, row: WebhookDelivery, answer: Answer) -> None:
    """Note since when an endpoint fails; disable it when it says so or has failed for days."""
    now = timezone.now()
    if answer.delivered:
        endpoint.failing_since = endpoint.resting_until = None
    else:
        endpoint.failing_since = endpoint.failing_since or now
        longest = now + timedelta(seconds=LONGEST_REST)
        endpoint.resting_until = min(row.next_attempt_at or now, longest)
    endpoint.save(update_fields=["failing_since", "resting_until"])
    if endpoint.disabled or answer.delivered:
        return
    if answer.status_code == GONE:
        disable(endpoint, "It answered 410 Gone.")
    elif now - endpoint.failing_since > FAILING:
        disable(endpoint, f"Nothing could be delivered for {FAILING.days} days.")
