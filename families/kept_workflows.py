"""Workflows by their keys, each kept in the process for as long as its row is what the database holds."""

from functools import lru_cache

from django.db import connection

from .models import Workflow

KEPT = 512  # workflows, the most recently asked for

# No two versions of a row share both of these (docs/decisions/0006).
MARK = "SELECT concat(id, xmin, ctid) FROM families_workflow WHERE key = %s"


def workflow_by_key(key: str) -> Workflow | None:
    """One query, and one more if it has changed. Requests share the row, so nobody changes it."""
    with connection.cursor() as cursor:
        cursor.execute(MARK, [key])
        mark = cursor.fetchone()
    return _read(key, *mark) if mark else None


@lru_cache(KEPT)
def _read(key: str, mark: str) -> Workflow:
    """As it is now: no older than its mark, so what has changed meanwhile is only read once more."""
    return Workflow.objects.get(key=key)
