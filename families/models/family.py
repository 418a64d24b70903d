"""One product the user sees."""

import uuid

from django.db import models
from simple_history.models import HistoricalRecords

from .fields import KEY_PATTERN, key_field, matches


class Family(models.Model):
    """Several workflows behind one set of controls; `version` grows with every change to any of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = key_field(unique=True)
    display_name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "key"]
        verbose_name_plural = "families"
        constraints = [matches("key", KEY_PATTERN, "family_key_pattern")]

    def __str__(self) -> str:
        return self.display_name or self.key
