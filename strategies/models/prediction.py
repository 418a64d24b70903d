"""One output of a generation."""

import uuid
from typing import Any

from django.db import models

from .generation import Generation
from .status import Status, outcome_consistent


class Prediction(models.Model):
    """One seed, one picture; its chain of tasks makes it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="predictions")
    index = models.PositiveSmallIntegerField()
    seed = models.BigIntegerField()
    status = models.CharField(max_length=12, choices=Status, default=Status.STARTING)
    provenance = models.JSONField(null=True, blank=True)
    logs = models.TextField(blank=True)
    predict_seconds = models.FloatField(null=True, blank=True)
    promised_seconds = models.FloatField(
        null=True, blank=True, help_text="until its result, as foretold when it was accepted"
    )
    error_code = models.CharField(max_length=64, blank=True)
    error_detail = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["generation", "index"], name="prediction_index_once"),
            outcome_consistent("prediction_completed_when_terminal"),
        ]
        ordering = ["generation", "index"]

    @property
    def outputs_in_order(self) -> list[Any]:
        """Its assets by their index, from what was prefetched if it was; what waits has none."""
        if self.status == Status.STARTING:
            return []
        return sorted(self.outputs.all(), key=lambda asset: asset.index)

    def __str__(self) -> str:
        return f"{self.generation_id} [{self.index}]"
