"""A worker process from its first moment to its last: bound to its device, reporting, leaving in order."""

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import redis
import structlog
from celery.signals import (
    celeryd_init,
    setup_logging,
    worker_process_init,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)
from django.conf import settings
from django.db import connection

from gpu import device
from gpu.errors import Decision, GpuError
from strategies import lifecycle, pools
from strategies.params import Weights

from . import identity
from .generators import get_generator, started_generators
from .generators.local_sdxl import LocalSdxl
from .weights import model_source

log = structlog.get_logger(__name__)
SOFT_SHUTDOWN_SECONDS = 25.0  # less than any supervisor's patience (workers.pools.TERMINATION_GRACE_SECONDS)
UNFIT_SECONDS = 5.0  # between two tries to take a device


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
        # What was compiled is found again by the next process.
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(Path(settings.HOME) / "cache" / "compiled"))
        _warm_up()
    _report()


@worker_ready.connect
def _begin_without_child(**_: object) -> None:
    """In a pool of threads, which has no child."""
    if identity.DEVICE == "network":
        _report()


def _report() -> None:
    threading.Thread(target=_report_forever, name="pool-report", daemon=True).start()
    log.info("pool_ready", pool=identity.NODE, device=identity.DEVICE, queues=list(identity.QUEUES))


def _warm_up() -> None:
    """Import torch, take the device and load what the pool is to be warm for, before anything is claimed.

    A process that cannot take its device must not claim anything: it ends, and is replaced until the device
    is back. A model that is not there only costs the pool its warmth.
    """
    try:
        generator = cast(LocalSdxl, get_generator("local_sdxl"))
        generator.warm_up([model_source(Weights(location=location)) for location in identity.WARM_UP])
    except GpuError as error:
        if error.decision is not Decision.FATAL:
            log.error("pool_not_warm", pool=identity.NODE, error=str(error))
            return
        log.critical("pool_unfit", pool=identity.NODE, error=str(error))
        time.sleep(UNFIT_SECONDS)
        end()


@worker_shutting_down.connect
def _soft_shutdown(**_: object) -> None:
    """What is not done soon goes back to its queue: the child loses the lease and stops at its next step."""
    timer = threading.Timer(SOFT_SHUTDOWN_SECONDS, _release)
    timer.daemon = True
    timer.start()


def _release() -> None:
    released = lifecycle.release_all(worker=identity.NODE)
    connection.close()
    log.info("tasks_released", pool=identity.NODE, tasks=released)


@worker_shutdown.connect
def _leave(**_: object) -> None:
    """At the end of an orderly stop, when the child has gone."""
    _release()
    log.info("pool_stopped", pool=identity.NODE)
    try:
        pools.withdraw(identity.NODE)
    except redis.RedisError as error:
        log.warning("pool_not_withdrawn", error=str(error))


def end() -> None:
    """Leave this process at once; Celery's parent replaces it, and the row already says what to do next."""
    connection.close()
    os._exit(70)


def _report_forever() -> None:
    """Heartbeats of the pool: while this process lives, every few seconds."""
    started = datetime.now(UTC).isoformat()
    pause = threading.Event()
    while True:
        try:
            pools.report(_state(started))
        except Exception as error:  # a report that fails must not be the last one
            log.warning("pool_report_failed", error=f"{type(error).__name__}: {error}")
        pause.wait(pools.REPORT_SECONDS)


def _state(started: str) -> pools.PoolReport:
    health = [generator.health() for generator in started_generators()]
    return pools.PoolReport(
        name=identity.NODE,
        device=identity.DEVICE,
        queues=list(identity.QUEUES),
        heartbeat_at=datetime.now(UTC).isoformat(),
        started_at=started,
        memory={key: value for one in health for key, value in one["memory"].items()},
        resident=[name for one in health for name in one["resident"]],
        in_flight=next(iter(identity.in_flight[-1:]), None),
    )
