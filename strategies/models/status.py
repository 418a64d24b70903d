"""The six statuses, spelled as Replicate spells them."""

from django.db import models


class Status(models.TextChoices):
    """Where a generation, a prediction or a task stands."""

    STARTING = "starting"  # accepted, waiting
    PROCESSING = "processing"  # a worker holds it
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    ABORTED = "aborted"  # its deadline passed before it started


TERMINAL = (Status.SUCCEEDED, Status.FAILED, Status.CANCELED, Status.ABORTED)
LIVE = (Status.STARTING, Status.PROCESSING)


def outcome_consistent(name: str) -> models.CheckConstraint:
    """The constraint that a row has a completion time exactly when its status is terminal."""
    return models.CheckConstraint(
        name=name,
        condition=models.Q(status__in=TERMINAL, completed_at__isnull=False)
        | models.Q(status__in=LIVE, completed_at__isnull=True),
    )
