"""Files in the storage that no row names: whoever dies between storing a file and its commit leaves one.

They are looked for by the first two digits of their ids, so that a pass stays short however much is stored. A
file older than the database is not ours to judge: somebody may be trying another database.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from pathlib import PurePosixPath
from uuid import UUID

import structlog
from django.core.files.storage import default_storage
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min
from django.utils import timezone

from .models import Asset, Lora

log = structlog.get_logger(__name__)
SHARDS = 256
SAFE_AGE = timedelta(hours=24)  # far longer than a file waits for its row
MOST = 500  # files that a pass deletes from a folder; the next one goes on


def sweep(shard: int) -> int:
    """Delete the orphans among the files whose ids begin with `shard`, as two hexadecimal digits.

    Returns how many.
    """
    digits = f"{shard:02x}"
    rooms = {f"inputs/{digits}": Asset, f"outputs/{digits}": Asset, "loras": Lora}
    deleted = sum(_sweep(folder, digits, model) for folder, model in rooms.items())
    if deleted:
        log.info("orphans_deleted", shard=digits, files=deleted)
    return deleted


def _sweep(folder: str, digits: str, model: type[Asset] | type[Lora]) -> int:
    named = dict(_named_after_ids(folder, digits))
    for id in model.objects.filter(id__in=list(named)).values_list("id", flat=True):
        del named[id]
    born, recently = _born(), timezone.now() - SAFE_AGE
    candidates = (name for name in named.values() if born < _modified(name) < recently)
    orphans = list(islice(candidates, MOST))
    for name in orphans:
        default_storage.delete(name)
    return len(orphans)


def _named_after_ids(folder: str, digits: str) -> Iterator[tuple[UUID, str]]:
    """Id and name of the files in a folder; what is not named after an id is none of ours."""
    try:
        names = default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return
    for name in names:
        with suppress(ValueError):
            if name.startswith(digits):
                yield UUID(PurePosixPath(name).stem), f"{folder}/{name}"


def _modified(name: str) -> datetime:
    """When a file was written; now for one that has gone meanwhile."""
    try:
        return default_storage.get_modified_time(name)
    except FileNotFoundError:
        return timezone.now()


def _born() -> datetime:
    """When this database got its first table."""
    return MigrationRecorder.Migration.objects.aggregate(first=Min("applied"))["first"]
