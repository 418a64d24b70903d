"""What waits in a queue, as far as a claim looks: the lines with their first tasks.

No query reads more rows as a queue grows: each steps from line to line, or reads a few tasks in the order of
its index.
"""

from bisect import bisect_left
from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Any

from ..policy import Line, Policy, Waiting
from ..rows import rows

WAITS = "status = 'starting' AND ready AND queue = %(queue)s"
# The first condition ends the reading of an index; a minute more, as clocks differ.
STARTABLE = """
    due_at < statement_timestamp() + interval '1 minute' AND (not_before IS NULL OR not_before <= now())
    AND (deadline IS NULL OR deadline > now() OR started_at IS NOT NULL) AND model_parameters <= %(capacity)s
"""

# From one line to the next by the index `task_lines`, as far as is read of it.
LINE_BY_LINE = f"""
WITH RECURSIVE line AS (
    (SELECT priority, owner_id FROM strategies_task WHERE {WAITS}
     ORDER BY priority DESC, owner_id DESC LIMIT 1)
    UNION ALL
    SELECT following.* FROM line, LATERAL (
        SELECT priority, owner_id FROM strategies_task
        WHERE {WAITS} AND (priority, owner_id) < (line.priority, line.owner_id)
        ORDER BY priority DESC, owner_id DESC LIMIT 1
    ) AS following
)
"""

# Some of them, and the lines of the oldest tasks, so that however many there are, everybody's turn comes.
LINES = f"""
{LINE_BY_LINE}, seen AS (
    (SELECT priority, owner_id FROM line LIMIT %(lines)s)
    UNION
    (SELECT priority, owner_id FROM (
        SELECT priority, owner_id FROM strategies_task WHERE {WAITS} AND {STARTABLE}
        ORDER BY priority * -1, due_at, id LIMIT %(look_ahead)s
    ) AS oldest)
)
SELECT seen.owner_id, seen.priority, first.id, extract(epoch FROM first.due_at)::float8, first.model,
    coalesce(share.seconds, 0), coalesce(extract(epoch FROM now() - share.as_of)::float8, 0),
    (SELECT count(*) FROM (
        SELECT FROM strategies_task AS younger
        WHERE younger.queue = %(queue)s AND younger.owner_id = seen.owner_id
          AND younger.priority = seen.priority AND younger.started_at IS NOT NULL
          AND younger.due_at > first.due_at
        LIMIT %(bound)s
    ) AS overtaking)
FROM seen CROSS JOIN LATERAL (
    SELECT id, due_at, model FROM strategies_task
    WHERE {WAITS} AND {STARTABLE} AND priority = seen.priority AND owner_id = seen.owner_id
    ORDER BY due_at, id LIMIT 1
) AS first LEFT JOIN strategies_share AS share ON share.owner_id = seen.owner_id
"""

STARTED = """
SELECT owner_id, priority, extract(epoch FROM started_at)::float8 FROM strategies_task
WHERE queue = %(queue)s AND started_at IS NOT NULL ORDER BY started_at DESC LIMIT %(bound)s
"""

FIRST_TASKS = f"""
SELECT line.owner_id, line.priority, task.id, extract(epoch FROM task.due_at)::float8, task.model
FROM unnest(%(owners)s::bigint[], %(priorities)s::smallint[]) AS line(owner_id, priority), LATERAL (
    SELECT id, due_at, model FROM strategies_task
    WHERE {WAITS} AND {STARTABLE} AND priority = line.priority AND owner_id = line.owner_id
    ORDER BY due_at, id LIMIT %(look_ahead)s
) AS task
"""


def best_first(queue: str, resident: Container[str], policy: Policy) -> list[Waiting]:
    """What could start now in a queue, in the policy's order."""
    limits = {
        "queue": queue, "lines": policy.lines, "look_ahead": policy.look_ahead, "bound": policy.bound,
        "capacity": policy.capacity,
    }  # fmt: skip
    seen = rows(LINES, limits)
    if not seen:
        return []
    started = rows(STARTED, limits) if len(seen) > 1 else []
    served = _last_served(started)
    lines = {
        (owner, priority): Line(
            owner,
            priority,
            policy.decayed(used, ago),
            overtaken + min(_later(started, since), served.get((owner, priority), len(started))),
            (Waiting(task, since, model),),
        )
        for owner, priority, task, since, model, used, ago, overtaken in seen
    }
    for line in _deepened(policy.nearest(list(lines.values())), limits):
        lines[line.owner, line.priority] = line
    return policy.order(list(lines.values()), resident)


def _deepened(lines: Sequence[Line], limits: dict[str, Any]) -> list[Line]:
    """The same lines with the tasks behind the first."""
    tasks: dict[tuple[Any, int], list[Waiting]] = {(line.owner, line.priority): [] for line in lines}
    owners, priorities = [line.owner for line in lines], [line.priority for line in lines]
    for owner, priority, *task in rows(FIRST_TASKS, {"owners": owners, "priorities": priorities, **limits}):
        tasks[owner, priority].append(Waiting(*task))
    return [replace(line, tasks=found) for line in lines if (found := tasks[line.owner, line.priority])]


def _later(started: Sequence[tuple[Any, int, float]], since: float) -> int:
    """How many of these, the latest first, started after a moment."""
    return bisect_left(started, -since, key=lambda start: -start[2])


def _last_served(started: Sequence[tuple[Any, int, float]]) -> dict[tuple[Any, int], int]:
    """How many of these, the latest first, started since a line was last served."""
    served: dict[tuple[Any, int], int] = {}
    for place, (owner, priority, _) in enumerate(started):
        served.setdefault((owner, priority), place)
    return served
