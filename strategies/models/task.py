"""One unit of compute. The row is the truth and its own outbox; a Celery message is only a wake-up."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest

from .generation import Generation, Priority
from .prediction import Prediction
from .status import Status, outcome_consistent

WAITING = Q(status=Status.STARTING, ready=True)


class Task(models.Model):
    """A step of a prediction's chain, or work asked for by itself; claimed by one worker at a time.

    Both of `generation` and `prediction` are set, or neither.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tasks")
    generation = models.ForeignKey(
        Generation, null=True, blank=True, on_delete=models.CASCADE, related_name="tasks"
    )
    prediction = models.ForeignKey(
        Prediction, null=True, blank=True, on_delete=models.CASCADE, related_name="tasks"
    )
    step = models.PositiveSmallIntegerField(default=0, help_text="place in the prediction's chain")
    task_type = models.CharField(max_length=24)
    queue = models.CharField(max_length=40)
    params = models.JSONField()
    uploads = models.ManyToManyField(
        "strategies.Asset", related_name="users", help_text="named by its params"
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.STARTING)
    ready = models.BooleanField(default=True, help_text="false until the step before it has succeeded")
    model = models.CharField(max_length=300, blank=True, help_text="the checkpoint that it needs")
    model_parameters = models.BigIntegerField(
        default=0, db_default=0, help_text="numbers that its models hold, at least; 0: it loads none"
    )
    workflow = models.UUIDField(null=True, blank=True, help_text="its generation's, to find its like by")
    work = models.FloatField(default=1.0, help_text="what its time grows with (strategies.rates)")
    batch_key = models.CharField(max_length=64, blank=True, help_text="equal: one pipeline call can do both")
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    not_before = models.DateTimeField(null=True, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    device_seconds = models.FloatField(
        null=True, blank=True, help_text="of the device, without loading; its part of what ran in one call"
    )
    load_seconds = models.FloatField(null=True, blank=True, help_text="null: its model was there")
    worker = models.CharField(max_length=120, blank=True)
    device = models.CharField(max_length=24, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    result = models.JSONField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_detail = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    gave_way_at = models.DateTimeField(
        null=True, blank=True, help_text="when it last left its device, in the middle, to others"
    )
    completed_at = models.DateTimeField(null=True, blank=True)
    due_at = models.GeneratedField(
        expression=Greatest("created_at", "not_before"),  # in PostgreSQL null is never the greatest
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prediction", "step"], name="task_step_once_per_prediction"),
            outcome_consistent("task_completed_when_terminal"),
            models.CheckConstraint(
                name="task_in_a_prediction_or_alone",
                condition=Q(generation__isnull=False, prediction__isnull=False)
                | Q(generation__isnull=True, prediction__isnull=True, step=0),
            ),
            models.CheckConstraint(
                name="task_leased_exactly_while_processing",
                condition=Q(
                    status=Status.PROCESSING, lease_token__isnull=False, lease_expires_at__isnull=False
                )
                | (~Q(status=Status.PROCESSING) & Q(lease_token__isnull=True, lease_expires_at__isnull=True)),
            ),
        ]
        indexes = [
            # Claims read these in their order (strategies.lifecycle.window): by age, and by line. The product
            # keeps PostgreSQL from ever looking for one owner's tasks among all by age.
            models.Index("queue", F("priority") * -1, "due_at", "id", name="task_waiting", condition=WAITING),
            models.Index(
                "queue",
                F("priority").desc(),
                F("owner").desc(),
                "due_at",
                "id",
                name="task_lines",
                condition=WAITING,
            ),
            models.Index(
                "queue",
                "batch_key",
                F("priority").desc(),
                "due_at",
                name="task_batches",
                condition=WAITING & ~Q(batch_key=""),
            ),
            models.Index(
                fields=["queue", "-started_at"], name="task_started", condition=Q(started_at__isnull=False)
            ),
            models.Index(
                fields=["queue", "owner", "priority", "due_at"],
                name="task_overtaking",
                condition=Q(started_at__isnull=False),
            ),
            models.Index(
                fields=["lease_expires_at"], name="task_leases", condition=Q(status=Status.PROCESSING)
            ),
            models.Index(fields=["published_at"], name="task_outbox", condition=WAITING),
            models.Index(
                fields=["queue", "-completed_at"], name="task_finished", condition=Q(status=Status.SUCCEEDED)
            ),
            models.Index(
                fields=["queue", "workflow", "-completed_at"],
                name="task_rates",
                condition=Q(status=Status.SUCCEEDED),
            ),
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.task_type} {self.id}"
