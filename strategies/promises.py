"""Whether promises are kept: the times foretold when requests were accepted, against those that it took."""

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

SAMPLE = 200  # latest tasks of a queue

# In seconds from accept to result, of the predictions that began in a queue.
PROMISED = """
SELECT served.queue, promised_seconds, extract(epoch FROM prediction.completed_at - prediction.created_at)
FROM unnest(%(queues)s::text[]) AS served(queue), LATERAL (
    SELECT prediction_id, step FROM strategies_task AS task
    WHERE task.queue = served.queue AND status = 'succeeded' ORDER BY completed_at DESC LIMIT %(sample)s
) AS latest JOIN strategies_prediction AS prediction ON prediction.id = prediction_id
WHERE step = 0 AND status = 'succeeded' AND promised_seconds IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Errors:
    """How far off promises were, as parts of the time that it took."""

    promises: int
    median: float
    p90: float
    bias: float  # of all together; above zero: it took less than was promised


def errors_of(promises: Sequence[tuple[float, float]]) -> Errors:
    """Of some promises, at least one, each with what it took."""
    errors = sorted(abs(promised - took) / took for promised, took in promises)
    bias = sum(promised for promised, _ in promises) / sum(took for _, took in promises) - 1
    return Errors(len(errors), statistics.median(errors), errors[int(0.9 * len(errors))], bias)


def latest_errors(queues: Sequence[str]) -> dict[str, Errors]:
    """By queue, where there were promises lately."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(PROMISED, {"queues": list(queues), "sample": SAMPLE})
        for queue, promised, took in cursor.fetchall():
            found[queue].append((promised, float(took)))
    return {queue: errors_of(promises) for queue, promises in found.items()}
