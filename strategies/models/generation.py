"""One accepted request."""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from .status import Status, outcome_consistent
from .webhook import MAX_URL

if TYPE_CHECKING:
    from .prediction import Prediction


class Priority(models.IntegerChoices):
    LOW = -10, "low"
    NORMAL = 0, "normal"
    HIGH = 10, "high"


class Generation(models.Model):
    """What an owner asked for; its predictions are what it becomes.

    `parts` has them in order, where they were read or written together with it.
    """

    class Type(models.TextChoices):
        BASE = "base"  # straight to tasks
        AGENTIC = "agentic"  # drawn and judged, again and again, until it is good enough

    parts: list["Prediction"]

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="generations")
    status = models.CharField(max_length=12, choices=Status, default=Status.STARTING)
    strategy = models.CharField(max_length=40)
    type = models.CharField(max_length=12, choices=Type, default=Type.BASE)
    family = models.ForeignKey(
        "families.Family", null=True, blank=True, on_delete=models.SET_NULL, related_name="generations"
    )
    workflow = models.ForeignKey("families.Workflow", on_delete=models.PROTECT, related_name="generations")
    workflow_version = models.PositiveIntegerField()
    selection = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict)
    rating = models.CharField(max_length=8)
    seed = models.BigIntegerField(help_text="predictions take seed, seed + 1, …")
    num_predictions = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(64)]
    )
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    not_before = models.DateTimeField(null=True, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    metadata = models.JSONField(default=dict)
    webhook = models.CharField(max_length=MAX_URL, blank=True, help_text="hears of this generation alone")
    webhook_events_filter = models.JSONField(default=list, blank=True, help_text="all when empty")
    request_id = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_detail = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [outcome_consistent("generation_completed_when_terminal")]
        indexes = [models.Index(fields=["owner", "-created_at"], name="generation_owner_newest")]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.strategy} {self.id}"
