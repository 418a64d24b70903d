"""The Celery tasks: one per task queue, all alike, the sender of webhooks, the reaper and the sweeper.

They fetch and call, and decide nothing.
"""

import time

import structlog
from celery import Task
from celery.exceptions import Reject
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections

from strategies import lifecycle, orphans, uploads
from strategies.dispatch import DELIVER, wake_deliverers
from strategies.pools import Condition
from strategies.scheduling import time_limit
from strategies.tasktypes import celery_name, queues
from strategies.webhooks import deliveries

from . import identity, process, scheduling, webhooks
from .app import app
from .execution import TURN_SECONDS, ProcessUnfit, run_turn
from .reporting import end

log = structlog.get_logger(__name__)
GRACE_SECONDS = 60  # for a task whose time is up to notice it; then its process is killed
PASSING_ON_SECONDS = 0.5  # before a message for another pool is given back, as it may well come to us again


def _register(queue: str, task_type: str) -> Task:
    limit = time_limit(task_type) + TURN_SECONDS + GRACE_SECONDS  # for the last task of a turn

    @app.task(name=celery_name(queue), time_limit=limit)
    def wake(task: str) -> int:
        """`task` only says why we were woken; the best waiting tasks of the queue are run."""
        ready = process.reporter.condition is Condition.READY
        try:
            ran = run_turn(queue) if ready else 0
        except ProcessUnfit:
            log.critical("process_unfit", reason="the device failed; this process ends and is replaced")
            end()
            raise
        if not ran and (not ready or lifecycle.waits_for_others(queue, identity.NODE, scheduling.capacity())):
            time.sleep(PASSING_ON_SECONDS)
            raise Reject("for another pool", requeue=True)
        return ran

    return wake


TASKS = {queue: _register(queue, task_type) for queue, task_type in queues().items()}


@app.task(name=DELIVER)
def deliver_webhooks() -> None:
    """Sends whatever is due, whichever message woke us."""
    close_old_connections()
    webhooks.deliver()


@app.task(name="atelier.reap")
def reap() -> None:
    """Beat sends this; a pass takes milliseconds when there is nothing to do."""
    done = lifecycle.reap(republish_seconds=settings.REPUBLISH_SECONDS)
    if done != lifecycle.Reaped():
        log.info(
            "reaped", returned=done.returned, lost=done.lost, aborted=done.aborted, published=done.published
        )
    if deliveries.any_due():
        wake_deliverers()
    deliveries.forget_old()


@app.task(name="atelier.sweep")
def sweep() -> None:
    """Beat sends this too: what was left behind, a small part of it at a time."""
    orphans.sweep(int(time.time() / settings.SWEEP_SECONDS) % orphans.SHARDS)
    uploads.prune()
    SessionStore.clear_expired()
