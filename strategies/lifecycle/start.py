"""Accepting a request: every row in one transaction, every message after it."""

from collections.abc import Sequence

import structlog
from django.db import connection, transaction

from ..dispatch import publish_as_written
from ..errors import NoPoolFits
from ..fleet import why_never
from ..models import Generation, Prediction, Status, Task
from ..pools import live_pools
from ..signatures import TaskSignature
from .announce import accepted, task_changed

log = structlog.get_logger(__name__)
# Foreign keys lock what they point to at the commit only; until then somebody might delete it.
LOCK_UPLOADS = "SELECT id FROM strategies_asset WHERE id = ANY(%s) AND task_id IS NULL FOR KEY SHARE"


def start_alone(signature: TaskSignature) -> Task:
    """Write a task that belongs to no prediction, and wake a worker on commit. Raises: NoPoolFits."""
    _require_a_pool_that_fits([signature])
    with transaction.atomic():  # else its message would be sent before the row is there
        (task,) = write([signature])
        task_changed(task, Status.STARTING, task_type=task.task_type)
    return task


def start(generation: Generation, predictions: list[Prediction], signatures: list[TaskSignature]) -> None:
    """Write a generation's tasks, in the transaction of its other rows, and wake workers on commit.

    Raises: NoPoolFits.
    """
    _require_a_pool_that_fits(signatures)
    accepted(generation.id)
    rows = write(signatures)  # after the event, as a worker may be quick to tell the next
    log.info(
        "generation_starting", generation=str(generation.id), strategy=generation.strategy,
        predictions=len(predictions), tasks=len(rows),
    )  # fmt: skip


def _require_a_pool_that_fits(signatures: Sequence[TaskSignature]) -> None:
    """Work that no live pool could ever do is refused; work that waits for a pool to come back is not."""
    needs = {(each.row.queue, each.row.model_parameters) for each in signatures if each.row.model_parameters}
    pools = live_pools() if needs else []
    if reasons := [reason for need in sorted(needs) if (reason := why_never(*need, pools))]:
        raise NoPoolFits(f"{' '.join(reasons)} Start a larger pool, or use another model.", reasons=reasons)


def write(signatures: Sequence[TaskSignature]) -> list[Task]:
    """The rows of tasks, which uploads they use, and on commit the messages that wake workers for them."""
    rows = [each.row for each in signatures]
    publish_as_written(rows)
    Task.objects.bulk_create(rows)
    if named := set().union(*(each.ids for each in signatures)):
        with connection.cursor() as cursor:
            cursor.execute(LOCK_UPLOADS, [list(named)])
            uploads = {row[0] for row in cursor.fetchall()}
        use = Task.uploads.through
        use.objects.bulk_create(
            use(task_id=each.row.id, asset_id=id) for each in signatures for id in each.ids & uploads
        )
    return rows
