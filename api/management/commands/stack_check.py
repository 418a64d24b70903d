"""Say whether PostgreSQL, Redis and the broker answer: `manage.py stack_check`."""

from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from kombu import Connection
from kombu.utils.url import maybe_sanitize_url

CONNECT_SECONDS = 5


class Command(BaseCommand):
    help = "Try the servers that DATABASE_URL, REDIS_URL and BROKER_URL name."

    def handle(self, *args: Any, **options: Any) -> None:
        require_database()
        require_broker("REDIS_URL", settings.REDIS_URL)
        require_broker("BROKER_URL", settings.BROKER_URL)


def require_database() -> None:
    """Raises: CommandError naming DATABASE_URL; the driver's words do not contain the password."""
    if connection.vendor != "postgresql":
        raise CommandError("DATABASE_URL is not the address of a PostgreSQL database.")
    parameters = {**connection.get_connection_params(), "connect_timeout": CONNECT_SECONDS}
    try:
        psycopg.connect(**parameters).close()
    except psycopg.OperationalError as error:
        raise CommandError(
            f"The database that DATABASE_URL names does not answer: {_reason(error)}"
        ) from error


def require_broker(variable: str, url: str) -> None:
    """Raises: CommandError naming the variable, and its server without the password."""
    try:
        with Connection(url, connect_timeout=CONNECT_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=CONNECT_SECONDS)
    except Exception as error:  # each transport has errors of its own, and a bad URL is a KeyError
        server = maybe_sanitize_url(url)
        raise CommandError(f"{variable}={server} does not answer: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
