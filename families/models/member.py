"""A workflow inside a family, tagged with its tuple."""

import uuid

from django.db import models
from simple_history.models import HistoricalRecords

from .axis import Axis
from .family import Family
from .option import Option
from .workflow import Workflow


class Member(models.Model):
    """One workflow's place in one family.

    `selection` is the tuple `{axis key: option value}`. It is spelled out here so that the database can
    refuse a second member with the same tuple; a trigger keeps it equal to the `MemberOption` rows.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="members")
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="memberships")
    selection = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["workflow__key"]
        constraints = [
            models.UniqueConstraint(fields=["family", "workflow"], name="workflow_once_per_family"),
            models.UniqueConstraint(fields=["family", "selection"], name="tuple_once_per_family"),
            models.UniqueConstraint(fields=["family", "id"], name="member_in_family"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} in {self.family}"


class MemberOption(models.Model):
    """One axis of a member's tuple: what makes an axis or an option in use undeletable.

    The migration adds composite foreign keys, so that member and axis share the family and the option is
    one of the axis.
    """

    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="options")
    axis = models.ForeignKey(Axis, on_delete=models.RESTRICT, related_name="uses")
    option = models.ForeignKey(Option, on_delete=models.RESTRICT, related_name="uses")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "axis"], name="one_option_per_member_and_axis")
        ]

    def __str__(self) -> str:
        return f"{self.axis}: {self.option}"
