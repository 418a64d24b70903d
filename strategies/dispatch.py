"""From committed rows to messages. A message that cannot be sent is the reaper's, never the client's."""

import sys
from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import connection, transaction
from django.utils import timezone
from kombu.exceptions import ChannelError, OperationalError

from workers.app import app

from .models import Status, Task
from .signatures import wake_up

log = structlog.get_logger(__name__)
DELIVER = "atelier.deliver_webhooks"
DELIVER_SECONDS = 30  # a wake-up that nobody heard for so long is void: the reaper sends others


def publish_on_commit(tasks: Iterable[Task]) -> None:
    """Wake workers for these tasks once the transaction that wrote them is durable.

    What must not start yet is left to the reaper, which publishes it when its time has come.
    """
    if waiting := _startable(tasks):
        transaction.on_commit(lambda: publish(waiting), robust=True)


def publish_as_written(tasks: Iterable[Task]) -> None:
    """The same for tasks that this transaction has yet to write: `published_at` is written with the rest."""
    if waiting := _startable(tasks):
        now = timezone.now()
        for task in waiting:
            task.published_at = now
        transaction.on_commit(lambda: _send(waiting), robust=True)


def publish(tasks: list[Task]) -> int:
    """Send one message per task and note it in the rows; stops quietly at a broker that is away.

    The note comes first: a claim skips locked rows, so a row that is being written when its message arrives
    would not be found, and its message would have woken nobody.
    Returns the number of messages sent.
    """
    _note(tasks, timezone.now())
    return _send(tasks)


def _startable(tasks: Iterable[Task]) -> list[Task]:
    now = timezone.now()
    return [task for task in tasks if task.ready and (task.not_before is None or task.not_before <= now)]


def _send(tasks: list[Task]) -> int:
    sent = 0
    try:
        with app.producer_or_acquire() as producer:
            for task in tasks:
                wake_up(task).apply_async(producer=producer, retry=False)
                sent += 1
    except (OperationalError, OSError) as error:
        log.warning("publish_failed", unsent=len(tasks) - sent, error=str(error))
        _note(tasks[sent:], None)
    return sent


def wake_deliverers_on_commit() -> None:
    """Wake a worker for the webhook messages of this transaction, once."""
    if not any(hook[1] is wake_deliverers for hook in connection.run_on_commit):
        transaction.on_commit(wake_deliverers, robust=True)


def wake_deliverers() -> None:
    """Wake a worker for whatever webhook messages are due."""
    try:
        app.signature(DELIVER).apply_async(retry=False, expires=DELIVER_SECONDS)
    except (OperationalError, OSError) as error:
        log.warning("publish_failed", message=DELIVER, error=str(error))


def messages_in(queue: str) -> int:
    """How many messages wait in a queue; more than we could ever add to while the broker is away.

    Says nothing of the messages that workers hold, which is no proof of anything anyway.
    """
    broker = app.connection_for_write()
    try:
        with broker.channel() as channel:
            return channel.queue_declare(queue, passive=True).message_count
    except (ChannelError, *broker.channel_errors):  # nobody has used the queue yet
        return 0
    except (OperationalError, *broker.connection_errors) as error:
        log.warning("broker_away", queue=queue, error=str(error))
        return sys.maxsize
    finally:
        broker.release()


def _note(tasks: list[Task], published_at: datetime | None) -> None:
    """Mark waiting tasks as published or not; whoever holds one of the rows is busy with it anyway."""
    with transaction.atomic():
        free = Task.objects.filter(id__in=[task.id for task in tasks], status=Status.STARTING).order_by("id")
        ids = list(free.select_for_update(skip_locked=True, of=("self",)).values_list("id", flat=True))
        Task.objects.filter(id__in=ids).update(published_at=published_at)
