"""Which work gives way to which."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from .models import Task
from .tasktypes import QUEUES

BACKGROUND = ("training", "video")  # task types that take minutes: they begin when nobody waits for a picture
PATIENCE = timedelta(minutes=10)  # how long such a task may be passed over
# How long it then keeps its device, whoever comes: enough to be worth loading what it needs.
SHORT_TURN = timedelta(seconds=10)
LONG_TURN = timedelta(minutes=1)  # after it was passed over for so long


def goes_before(queue: str, served: Iterable[str]) -> list[str]:
    """Of the queues that a pool serves, those whose waiting tasks go before the ones of `queue`."""
    background = {QUEUES[task_type] for task_type in BACKGROUND if task_type in QUEUES}
    return sorted(set(served) - background) if queue in background else []


def turn(task: Task) -> timedelta:
    """How long a background task that begins now keeps its device before it gives way again."""
    waits_since = max(filter(None, (task.due_at, task.gave_way_at)))
    return LONG_TURN if timezone.now() - waits_since > PATIENCE else SHORT_TURN


def time_limit(task_type: str) -> int:
    """Seconds that an attempt at a task of this type may take; `workers.heartbeat` ends it then."""
    return settings.LONG_TIME_LIMITS.get(task_type, settings.TASK_TIME_LIMIT)
