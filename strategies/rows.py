"""Rows of a plain SQL statement."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection


def rows(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What a statement returns. It is not prepared: PostgreSQL may keep a plan from when nothing waited, and
    scan a long queue by it, for every line, until the table is analysed anew."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()
