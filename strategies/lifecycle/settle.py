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
    status = Generation.objects.select_for_update().values_list("status", flat=True).get(id=generation)
    if status in TERMINAL:
        return
    ends = list(
        Prediction.objects.filter(generation=generation)
        .order_by("index")
        .values_list("status", "error_code", "error_detail")
    )
    counts = Counter(status for status, *_ in ends)
    if any(counts[status] for status in LIVE):
        return
    verdict = _verdict(counts)
    errors = ((code, detail) for status, code, detail in ends if code and status == verdict)
    code, detail = next(errors, ("", ""))
    Generation.objects.filter(id=generation).update(
        status=verdict, completed_at=timezone.now(), error_code=code, error_detail=detail
    )
    status_changed(generation, verdict, error_code=code or None)
    completed(generation, verdict)


def _verdict(counts: Counter) -> Status:
    """One success makes the generation a success; otherwise failure speaks louder than cancellation."""
    for status in (Status.SUCCEEDED, Status.FAILED, Status.CANCELED):
        if counts[status]:
            return status
    return Status.ABORTED
