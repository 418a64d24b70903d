"""A worker process from its first moment to its last: bound to its device, reporting, leaving in order."""

import os
import threading
import time
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

from gpu import collector, device
from gpu.errors import Decision, GpuError
from strategies import lifecycle, pools
from strategies.models import PoolHold
from strategies.params import Weights

from . import identity
from .app import app
from .consuming import Consuming
from .generators import get_generator
from .generators.local_sdxl import LocalSdxl
from .patience import patiently
from .reporting import Reporter, end
from .weights import model_source

log = structlog.get_logger(__name__)
reporter = Reporter()
app.steps["consumer"].add(Consuming)
SOFT_SHUTDOWN_SECONDS = 25.0  # less than any supervisor's patience (workers.pools.TERMINATION_GRACE_SECONDS)
# Between two tries to take a device: as long as it has been away. The child must be up in less than
# celeryconfig.worker_proc_alive_timeout.
SHORTEST_REST, LONGEST_REST = 5.0, 60.0


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
    if not identity.DRAWS:
        reporter.start()
        reporter.ready()
        return
    device.bind(identity.DEVICE, identity.THREADS)
    # What was compiled is found again by the next process.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(Path(settings.HOME) / "cache" / "compiled"))
    reporter.start()
    if _told_to_drain():
        reporter.drained()
        return
    _warm_up()
    reporter.ready()


@worker_ready.connect
def _begin_without_child(**_: object) -> None:
    """In a pool of threads, which has no child."""
    if identity.DEVICE == "network":
        reporter.start()
        reporter.ready()


def _told_to_drain() -> bool:
    """Whether the device is to stay free."""
    drains = patiently(lambda: PoolHold.exists_for(identity.NODE, kind=PoolHold.Kind.DRAIN))
    connection.close()
    return drains


def _warm_up() -> None:
    """Import torch, take the device and load what the pool is to be warm for, before anything is claimed.

    A process that cannot take its device must not claim anything: it says so, and after a while it ends and
    is replaced, until the device is back. A model that is not there only costs the pool its warmth.
    """
    try:
        with collector.undisturbed():
            generator = cast(LocalSdxl, get_generator("local_sdxl"))
            generator.warm_up([model_source(Weights(location=location)) for location in identity.WARM_UP])
    except GpuError as error:
        if error.decision is not Decision.FATAL:
            log.error("pool_not_warm", pool=identity.NODE, error=str(error))
            return
        log.critical("pool_unfit", pool=identity.NODE, error=str(error))
        unfit_for = reporter.unfit(str(error))
        time.sleep(min(max(unfit_for, SHORTEST_REST), LONGEST_REST))
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
