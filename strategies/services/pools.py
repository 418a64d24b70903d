"""What operators tell pools: writes of the rows that pools obey."""

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from ..models import PoolHold

log = structlog.get_logger(__name__)


def pool_pause(pool: str, *, by: AbstractBaseUser) -> None:
    """It finishes what it runs and takes nothing more; its models stay loaded."""
    _hold(pool, PoolHold.Kind.PAUSE, by)


def pool_drain(pool: str, *, by: AbstractBaseUser) -> None:
    """As paused; when nothing runs any more, its device is let go."""
    _hold(pool, PoolHold.Kind.DRAIN, by)


def pool_resume(pool: str, *, by: AbstractBaseUser) -> None:
    """It takes work again."""
    if PoolHold.objects.filter(pool=pool).delete()[0]:
        log.info("pool_resumed", pool=pool, by=by.get_username())


def _hold(pool: str, kind: PoolHold.Kind, by: AbstractBaseUser) -> None:
    """A pool that is held in this way already stays as it is: who said so first, said so."""
    if PoolHold.objects.filter(pool=pool, kind=kind).exists():
        return
    told = {"kind": kind, "by": by.get_username(), "since": timezone.now()}
    PoolHold.objects.update_or_create(pool=pool, defaults=told)
    log.info("pool_held", pool=pool, kind=kind.value, by=told["by"])
