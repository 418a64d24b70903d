"""What is likely to start next, for a pool that gets ready for it."""

from collections.abc import Container, Iterable
from itertools import chain, islice

from ..models import Task
from ..policy import Policy
from .window import best_first


def upcoming(queues: Iterable[str], resident: Container[str], policy: Policy) -> list[Task]:
    """The next tasks of these queues in the policy's order, all of the first queue before any of the second.

    Nothing is claimed, so another pool may be quicker.
    """
    waiting = chain.from_iterable(best_first(queue, resident, policy) for queue in queues)
    ids = [each.id for each in islice(waiting, policy.ahead)]
    rows = Task.objects.in_bulk(ids)
    return [rows[each] for each in ids if each in rows]
