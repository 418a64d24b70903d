"""What requests were promised when they were accepted, against what it took: traces through real workers.

Nobody knows what will arrive later and go before. *Less what came later* are the errors when the seconds of
what did are taken off what it took; `benchmarks.foretelling` plays the same traces without a clock.
"""

from collections.abc import Sequence
from typing import NamedTuple

from strategies.promises import errors_of

from .foretelling import COSTS, RESIDENT, Promise, print_errors, print_head
from .live import live_stack, replay
from .traces import trace

REQUESTS = 80
SPEED = 4.0
MEASURED = """
SELECT extract(epoch FROM prediction.created_at)::float8, extract(epoch FROM task.started_at)::float8,
    device_seconds + coalesce(load_seconds, 0), promised_seconds,
    extract(epoch FROM prediction.completed_at - prediction.created_at)::float8
FROM strategies_prediction AS prediction JOIN strategies_task AS task ON task.prediction_id = prediction.id
WHERE prediction.created_at > %s
"""


class Measured(NamedTuple):
    """What became of a request; moments and times in seconds."""

    created: float
    started: float
    busy: float  # its device
    promised: float | None
    took: float


def main() -> None:
    print_head()
    with live_stack(COSTS, RESIDENT, SPEED) as stack, stack.database() as database:
        for name in ("loras", "mixed", "bursts"):
            (before,) = database.execute("SELECT now()").fetchone()
            replay(stack, trace(name)[:REQUESTS], COSTS, SPEED)
            rows = [Measured(*row) for row in database.execute(MEASURED, [before])]
            promises = [(row.promised, row.took) for row in rows if row.promised is not None]
            print_errors(f"{name}, measured", errors_of(promises))
            print_errors(f"{name}, less what came later", errors_of(less_what_came_later(rows)))


def less_what_came_later(rows: Sequence[Measured]) -> list[Promise]:
    """The promises, and what it would have taken but for what came later and went before."""
    return [
        (row.promised, max(row.busy, row.took - _overtaking(row, rows)))
        for row in rows
        if row.promised is not None
    ]


def _overtaking(row: Measured, rows: Sequence[Measured]) -> float:
    """The seconds of what came after it and started before it."""
    return sum(other.busy for other in rows if other.created > row.created and other.started < row.started)


if __name__ == "__main__":
    main()
