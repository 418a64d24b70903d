"""From committed rows to messages. A message that cannot be sent is the reaper's, never the client's."""

from collections.abc import Iterable

import structlog
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from workers.app import app

from .models import Status, Task
from .signatures import wake_up

log = structlog.get_logger(__name__)


def publish_on_commit(tasks: Iterable[Task]) -> None:
    """Wake workers for these tasks once the transaction that wrote them is durable."""
    waiting = [task for task in tasks if task.ready]
    if waiting:
        transaction.on_commit(lambda: publish(waiting), robust=True)


def publish(tasks: list[Task]) -> int:
    """Send one message per task and note it in the rows; stops quietly at a broker that is away.

    Returns the number of messages sent.
    """
    sent = []
    try:
        with app.producer_or_acquire() as producer:
            for task in tasks:
                wake_up(task).apply_async(producer=producer, retry=False)
                sent.append(task.id)
    except (OperationalError, OSError) as error:
        log.warning("publish_failed", unsent=len(tasks) - len(sent), error=str(error))
    if sent:
        Task.objects.filter(id__in=sent, status=Status.STARTING).update(published_at=timezone.now())
    return len(sent)
