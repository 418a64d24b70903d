"""Owners pay for device time in seconds that count less as time goes by."""

from typing import Any

from django.db import connection

from .policy import POLICY

CHARGE = """
INSERT INTO strategies_share AS share (owner_id, seconds, as_of) VALUES (%(owner)s, %(seconds)s, now())
ON CONFLICT (owner_id) DO UPDATE SET as_of = now(), seconds = excluded.seconds
    + share.seconds * 0.5 ^ (greatest(0, extract(epoch FROM now() - share.as_of)::float8) / %(half_life)s)
"""


def charge(owner: Any, seconds: float) -> None:
    """Add device time to what an owner has had; the last write of its transaction, as all take turns here."""
    terms = {"owner": owner, "seconds": max(0.0, seconds), "half_life": POLICY.half_life}
    with connection.cursor() as cursor:
        cursor.execute(CHARGE, terms)
