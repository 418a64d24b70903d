"""What the end of a task means for its prediction, and the end of a prediction for its generation."""

from collections import Counter
from uuid import UUID

from django.utils import timezone

from ..models import TERMINAL, Generation, Prediction, Status
from ..models.status import LIVE
from .announce import completed, status_changed


def settle_prediction(prediction: UUID | None, generation: UUID | None, status: Status, **fields) -> bool:
    """Write a prediction's terminal status, once, and settle its generation with it.

    Does nothing for a task that belongs to none. Returns whether this call was the one that ended it.
    """
    if prediction is None or generation is None:
        return False
    changed = Prediction.objects.filter(id=prediction, status__in=LIVE).update(
        status=status, completed_at=timezone.now(), **fields
    )
    if changed:
        status_changed(generation, status, prediction, error_code=fields.get("error_code"))
        settle_generation(generation)
    return bool(changed)


def settle_generation(generation: UUID) -> None:
    """End the generation when its last prediction has ended; the row lock makes one caller the last."""
    row = Generation.objects.select_for_update().get(id=generation)
    if row.status in TERMINAL:
        return
    counts = Counter(Prediction.objects.filter(generation=generation).values_list("status", flat=True))
    if any(counts[status] for status in LIVE):
        return
    row.status, row.completed_at = _verdict(counts), timezone.now()
    first_error = (
        Prediction.objects.filter(generation=generation).exclude(error_code="").order_by("index").first()
    )
    if row.status == Status.FAILED and first_error:
        row.error_code, row.error_detail = first_error.error_code, first_error.error_detail
    row.save(update_fields=["status", "completed_at", "error_code", "error_detail"])
    status_changed(generation, row.status, error_code=row.error_code or None)
    completed(generation, row.status)


def _verdict(counts: Counter) -> Status:
    """One success makes the generation a success; otherwise failure speaks louder than cancellation."""
    for status in (Status.SUCCEEDED, Status.FAILED, Status.CANCELED):
        if counts[status]:
            return status
    return Status.ABORTED
