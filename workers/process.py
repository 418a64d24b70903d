"""A worker process from its first moment to its last: bound to its device, reporting, leaving in order."""

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import redis
import structlog
from celery.signals import celeryd_init, setup_logging, worker_process_init, worker_shutdown
from django.db import close_old_connections, connection

from gpu import device
from strategies import lifecycle, pools

from . import identity
from .generators import get_generator, started_generators

log = structlog.get_logger(__name__)


@setup_logging.connect
def _keep_our_logging(**_: object) -> None:
    """Celery leaves logging alone when anybody listens here; Django's LOGGING has set it up."""


@celeryd_init.connect
def _forget_predecessor(**_: object) -> None:
    """A worker that starts under our name proves that the last one of that name is gone."""
    expired = lifecycle.expire_leases(worker=identity.NODE)
    if expired:
        log.warning("predecessor_died", tasks=expired)
    connection.close()  # the child must not inherit it


@worker_process_init.connect
def _begin(**_: object) -> None:
    """In the child that will run tasks, before anything imports torch."""
    if identity.DRAWS:
        device.bind(identity.DEVICE, identity.THREADS)
        get_generator("local_sdxl")  # imports torch now, so that the first picture does not wait for it
    threading.Thread(target=_report_forever, name="pool-report", daemon=True).start()
    log.info("pool_ready", pool=identity.NODE, device=identity.DEVICE, queues=list(identity.QUEUES))


@worker_shutdown.connect
def _leave(**_: object) -> None:
    """At an orderly stop, what the child could not finish goes back to its queue at once."""
    released = lifecycle.release_all(worker=identity.NODE)
    log.info("pool_stopped", pool=identity.NODE, released=released)
    try:
        pools.withdraw(identity.NODE)
    except redis.RedisError as error:
        log.warning("pool_not_withdrawn", error=str(error))


def end() -> None:
    """Leave this process at once; Celery's parent replaces it, and the row already says what to do next."""
    connection.close()
    os._exit(70)


def _model_name(location: str) -> str:
    """What a model is called; where it lies on this machine is nobody's business."""
    return Path(location).name if Path(location).is_absolute() else location


def _report_forever() -> None:
    """Heartbeats of the pool: while this process lives, every few seconds."""
    started = datetime.now(UTC).isoformat()
    pause = threading.Event()
    while True:
        try:
            pools.report(_report(started))
        except redis.RedisError as error:
            log.warning("pool_report_failed", error=str(error))
        close_old_connections()
        pause.wait(pools.REPORT_SECONDS)


def _report(started: str) -> pools.PoolReport:
    health = [generator.health() for generator in started_generators()]
    return pools.PoolReport(
        name=identity.NODE,
        device=identity.DEVICE,
        queues=list(identity.QUEUES),
        heartbeat_at=datetime.now(UTC).isoformat(),
        started_at=started,
        memory={key: value for one in health for key, value in one["memory"].items()},
        resident=[_model_name(location) for one in health for location in one["resident"]],
        in_flight=identity.in_flight,
    )
