"""Cancel, in every state and at once: the row ends, the worker loses its lease and stops at its next step."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q
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


def cancel_task(task: Task) -> bool:
    """End a task as canceled, with its prediction if it has one. False: it was already over."""
    if task.prediction is not None:
        return cancel_prediction(task.prediction)
    with transaction.atomic():
        return _end_tasks(Q(id=task.id))


def _cancel(generation_id: UUID, predictions: list[UUID]) -> bool:
    with transaction.atomic():
        mine = Q(prediction__in=predictions)
        while Task.objects.filter(mine, status__in=LIVE).exists():
            _end_tasks(mine)  # a step that succeeds while we wait for its row may have added the next ones
        ended_now = [settle_prediction(each, generation_id, Status.CANCELED) for each in predictions]
        return any(ended_now)


def _end_tasks(which: Q) -> bool:
    """End what is not over of these tasks. False: all of them were."""
    tasks = Task.objects.filter(which, status__in=LIVE)
    ended = list(tasks.order_by("step", "id").select_for_update(of=("self",)))
    Task.objects.filter(id__in=[task.id for task in ended]).update(
        status=Status.CANCELED, completed_at=timezone.now(), **NO_LEASE
    )
    for task in ended:
        task_changed(task, Status.CANCELED)
    return bool(ended)
