"""How long uploads are kept: for a while, and for as long as something uses them.

`expires_at` of an upload is when it is looked at. A request that names one puts that off, so that whatever
it writes is there first; what a task or a concept uses by then is looked at again after as long a time.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from .models import Asset

log = structlog.get_logger(__name__)
HOLD = timedelta(days=1)  # far longer than a request takes
MOST = 200  # that a pass looks at


def kept_until() -> datetime | None:
    """When an upload of now expires; None: never."""
    return timezone.now() + timedelta(days=settings.UPLOAD_DAYS) if settings.UPLOAD_DAYS else None


def hold(owner: AbstractBaseUser, ids: Collection[UUID]) -> None:
    """Keep the uploads among these until a request that names them is written."""
    until = timezone.now() + HOLD
    Asset.objects.filter(owner=owner, id__in=ids, expires_at__lt=until).update(expires_at=until)


def prune() -> int:
    """Delete the uploads that have expired and that nothing uses, with their files. Returns how many."""
    if not settings.UPLOAD_DAYS:
        return 0
    with transaction.atomic():
        expired = Asset.objects.filter(expires_at__lt=timezone.now()).order_by("expires_at")
        locked = [asset.pk for asset in expired.select_for_update(skip_locked=True, of=("self",))[:MOST]]
        # Asked once they are locked: whoever has begun to use one holds a lock on it, or has committed.
        nothing = {f"{relation.name}__isnull": True for relation in Asset._meta.related_objects}
        unused = list(Asset.objects.filter(id__in=locked, **nothing))
        Asset.objects.filter(id__in=locked).update(expires_at=kept_until())
        Asset.objects.filter(id__in=[asset.pk for asset in unused]).delete()
        for asset in unused:
            transaction.on_commit(partial(asset.file.delete, save=False), robust=True)
    if unused:
        log.info("uploads_expired", files=len(unused))
    return len(unused)
