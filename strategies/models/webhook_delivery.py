"""One message to one address. The row is the outbox: what is committed will be delivered."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from .generation import Generation
from .prediction import Prediction
from .webhook import MAX_URL, WebhookEndpoint


class DeliveryStatus(models.TextChoices):
    """Where a delivery stands."""

    PENDING = "pending"  # waits for its next attempt, or is being attempted
    DELIVERED = "delivered"  # answered with a 2xx
    FAILED = "failed"  # given up


class WebhookDelivery(models.Model):
    """Written with the state change that it tells of; its id is the `webhook-id` of every attempt.

    Goes to `endpoint`, or to the address that the generation named itself.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="webhook_deliveries"
    )
    endpoint = models.ForeignKey(
        WebhookEndpoint, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries",
        verbose_name="webhook",
    )  # fmt: skip
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="webhook_deliveries")
    prediction = models.ForeignKey(
        Prediction, null=True, blank=True, on_delete=models.CASCADE, related_name="webhook_deliveries"
    )
    event = models.CharField(max_length=40)
    payload = models.JSONField(help_text="as it was when it happened; addresses are added when it is sent")
    status = models.CharField(max_length=12, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(
        null=True, blank=True, help_text="while it is being attempted: when the attempt counts as lost"
    )
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    last_url = models.CharField(max_length=MAX_URL, blank=True, verbose_name="last URL")
    last_status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    last_response = models.TextField(blank=True, help_text="the beginning of the last answer")
    last_error = models.CharField(max_length=300, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "generation", "prediction", "event"],
                name="webhook_told_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="webhook_attempted_next_exactly_while_pending",
                condition=Q(status=DeliveryStatus.PENDING, next_attempt_at__isnull=False)
                | (~Q(status=DeliveryStatus.PENDING) & Q(next_attempt_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="webhook_due", condition=Q(status=DeliveryStatus.PENDING)
            ),
            models.Index(fields=["endpoint", "-created_at"], name="webhook_endpoint_newest"),
            models.Index(fields=["completed_at"], name="webhook_oldest"),  # for forgetting
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.id}"

    @property
    def url(self) -> str:
        """Where the next attempt goes."""
        return self.endpoint.url if self.endpoint else self.generation.webhook
