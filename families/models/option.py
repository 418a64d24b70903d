"""One selectable value of an axis."""

import uuid

from django.db import models
from simple_history.models import HistoricalRecords

from .axis import Axis
from .fields import VALUE_PATTERN, matches, value_field


class Option(models.Model):
    """What a user can pick on an axis; its value never changes, because members and clients spell it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    axis = models.ForeignKey(Axis, on_delete=models.CASCADE, related_name="options")
    value = value_field()
    label = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField(default=0)

    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "value"]
        constraints = [
            models.UniqueConstraint(fields=["axis", "value"], name="option_value_once_per_axis"),
            # Referenced by the composite foreign keys of defaults and members.
            models.UniqueConstraint(fields=["axis", "id"], name="option_on_axis"),
            matches("value", VALUE_PATTERN, "option_value_pattern"),
        ]

    def __str__(self) -> str:
        return self.label or self.value
