"""Where waiting predictions stand, for any number of them at once."""

import time
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

from django.db import connection

from .models import Prediction, Status
from .queues import Place, QueueState, queue_states

STATES_KEPT = 1.0  # seconds

# The order is the one in which tasks are claimed.
POSITIONS = """
SELECT prediction_id, queue, position FROM (
    SELECT prediction_id, queue,
           row_number() OVER (PARTITION BY queue ORDER BY priority DESC, created_at, id) - 1 AS position
    FROM strategies_task WHERE status = 'starting' AND ready
) AS waiting WHERE prediction_id = ANY(%s)
"""


def places_of(predictions: Iterable[Prediction]) -> dict[UUID, Place]:
    """Prediction id → place, of each of these that still waits."""
    waiting = [prediction.id for prediction in predictions if prediction.status == Status.STARTING]
    if not waiting:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(POSITIONS, [waiting])
        rows = cursor.fetchall()
    states = _states(int(time.monotonic() / STATES_KEPT))
    return {prediction: states[queue].place(position) for prediction, queue, position in rows}


@lru_cache(maxsize=1)
def _states(moment: int) -> dict[str, QueueState]:
    """The queues as they were at this moment: a few look-ups that a thousand clients who poll can share."""
    return {state.name: state for state in queue_states()}
