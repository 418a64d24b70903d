"""Writing a message for everybody who wants to hear of an event, in the transaction of what happened."""

from uuid import UUID

from django.db import connection
from django.utils import timezone

from ..dispatch import wake_deliverers_on_commit
from ..models import Generation, WebhookDelivery
from .messages import happened

ANYBODY = """
SELECT FROM strategies_generation AS generation WHERE id = %(generation)s AND (webhook <> '' OR EXISTS (
    SELECT FROM strategies_webhookendpoint WHERE owner_id = generation.owner_id AND NOT disabled
))
"""

# The key-share lock keeps an endpoint from being deleted before the message to it is committed. It stands in
# nobody's way: whoever changes an endpoint, or tells it something else, goes on.
LISTENING = """
SELECT id FROM strategies_webhookendpoint
WHERE owner_id = %s AND NOT disabled AND events @> to_jsonb(%s::text) ORDER BY id FOR KEY SHARE
"""


def tell(event: str, generation: UUID, prediction: UUID | None = None) -> None:
    """Write the event's messages for those who want to hear of it; the second time does nothing."""
    row = Generation.objects.only("owner_id", "webhook", "webhook_events_filter").get(id=generation)
    endpoints: list[UUID | None] = _listening(row.owner_id, event)
    if row.webhook and event in (row.webhook_events_filter or [event]):
        endpoints.append(None)
    if not endpoints:
        return
    payload, now = happened(event, generation, prediction), timezone.now()
    messages = [
        WebhookDelivery(
            owner_id=row.owner_id, endpoint_id=endpoint, generation_id=generation, prediction_id=prediction,
            event=event, payload=payload, next_attempt_at=now,
        )
        for endpoint in endpoints
    ]  # fmt: skip
    WebhookDelivery.objects.bulk_create(messages, ignore_conflicts=True)
    wake_deliverers_on_commit()


def anybody_listens(generation: UUID) -> bool:
    """Whether it is worth telling anything of this generation."""
    with connection.cursor() as cursor:
        cursor.execute(ANYBODY, {"generation": generation})
        return cursor.rowcount > 0


def _listening(owner: int, event: str) -> list[UUID | None]:
    """The owner's endpoints that want to hear of this event."""
    with connection.cursor() as cursor:
        cursor.execute(LISTENING, [owner, event])
        return [row[0] for row in cursor.fetchall()]
