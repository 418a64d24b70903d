"""Cancel, in every state and at once: the row ends, the worker loses its lease and stops at its next step."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from ..models import Prediction, Status, Task
from ..models.status import LIVE
from .announce import task_changed
from .finish import NO_LEASE
from .settle import settle_prediction


def cancel_prediction(prediction: Prediction) -> bool:
    """End one prediction as canceled. False: it was already over. Its neighbours are never touched."""
    return _cancel(prediction.generation_id, [prediction.id])


def cancel_generation(generation_id: UUID) -> bool:
    """End every prediction of a generation that is not over yet. False: all of them were."""
    live = Prediction.objects.filter(generation=generation_id, status__in=LIVE).order_by("index")
    return _cancel(generation_id, list(live.values_list("id", flat=True)))


def _cancel(generation_id: UUID, predictions: list[UUID]) -> bool:
    with transaction.atomic():
        tasks = Task.objects.filter(prediction__in=predictions, status__in=LIVE)
        ended = list(tasks.order_by("step", "id").select_for_update(of=("self",)))
        Task.objects.filter(id__in=[task.id for task in ended]).update(
            status=Status.CANCELED, completed_at=timezone.now(), **NO_LEASE
        )
        for task in ended:
            task_changed(task, Status.CANCELED)
        ended_now = [settle_prediction(each, generation_id, Status.CANCELED) for each in predictions]
        return any(ended_now)
