"""From which queues a pool hears: from none while it is not to take work, so that others hear at once.

The parent process looks at what operators told the pool, and at what its child says of itself. Nothing hangs
on this: a claim of a held pool is refused, and a message that comes too late is given back.
"""

import threading

import redis
import structlog
from celery import bootsteps
from celery.worker.consumer import Consumer, Tasks
from django.db import Error, connection

from strategies import pools
from strategies.models import PoolHold
from strategies.pools import Condition

from . import identity

log = structlog.get_logger(__name__)
LOOK_SECONDS = 1.0


class Consuming(bootsteps.StartStopStep):
    """Follows the pool's holds and its child's condition for as long as the consumer is connected."""

    requires = (Tasks,)

    def start(self, consumer: Consumer) -> None:
        self._stopped = threading.Event()
        arguments = (consumer, self._stopped)
        threading.Thread(target=_follow, args=arguments, name="consuming", daemon=True).start()

    def stop(self, consumer: Consumer) -> None:
        self._stopped.set()


def _follow(consumer: Consumer, stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            _consume(consumer, _takes_work())
        except (Error, redis.RedisError) as error:  # what is unknown changes nothing
            log.warning("pool_orders_unknown", error=f"{type(error).__name__}: {error}")
        finally:
            connection.close()
        stopped.wait(LOOK_SECONDS)


def _takes_work() -> bool:
    report = pools.last_report(identity.NODE)
    able = report is None or report.condition in (Condition.STARTING, Condition.READY)
    return able and not PoolHold.exists_for(identity.NODE)


def _consume(consumer: Consumer, wanted: bool) -> None:
    """In the consumer's own thread, which alone may touch the connection."""
    change = consumer.add_task_queue if wanted else consumer.cancel_task_queue
    for queue in identity.QUEUES:
        if consumer.task_consumer and consumer.task_consumer.consuming_from(queue) != wanted:
            consumer.call_soon(change, queue)
