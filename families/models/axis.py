"""One control of a family."""

import uuid

from django.db import models
from simple_history.models import HistoricalRecords

from .family import Family
from .fields import KEY_PATTERN, key_field, matches, one_of


class Control(models.TextChoices):
    TOGGLE = "toggle"
    DROPDOWN = "dropdown"


class Axis(models.Model):
    """A toggle or a drop-down; its key never changes, because members and clients spell it.

    `default_option` is null only while the axis has no options. The migration adds the foreign key that
    makes it one of this axis's own options.
    """

    Control = Control

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="axes")
    key = key_field(40)
    display_name = models.CharField(max_length=120)
    control = models.CharField(max_length=12, choices=Control, default=Control.DROPDOWN)
    position = models.PositiveSmallIntegerField(default=0)
    default_option = models.OneToOneField(
        "families.Option", null=True, blank=True, on_delete=models.RESTRICT, related_name="default_of"
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "key"]
        verbose_name_plural = "axes"
        constraints = [
            models.UniqueConstraint(fields=["family", "key"], name="axis_key_once_per_family"),
            # Referenced by the composite foreign key that keeps a member's axes in its own family.
            models.UniqueConstraint(fields=["family", "id"], name="axis_in_family"),
            matches("key", KEY_PATTERN, "axis_key_pattern"),
            one_of("control", Control, "axis_control_known"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.key
