"""Bring database, catalogue and accounts up to date: `manage.py stack_prepare`, safe to repeat."""

from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from kombu import Connection
from kombu.utils.url import maybe_sanitize_url

from api.stack.accounts import ensure_accounts

CONNECT_SECONDS = 5


class Command(BaseCommand):
    help = "Check the servers, then migrate, seed the demo catalogue and make the demo accounts and keys."

    def handle(self, *args: Any, **options: Any) -> None:
        require_database()
        require_broker("REDIS_URL", settings.REDIS_URL)
        require_broker("BROKER_URL", settings.BROKER_URL)
        call_command("migrate", interactive=False)
        call_command("seed_catalogue")
        ensure_accounts(settings.HOME)


def require_database() -> None:
    """Raises: CommandError naming DATABASE_URL; the driver's words do not contain the password."""
    parameters = connection.get_connection_params()
    try:
        psycopg.connect(**{**parameters, "connect_timeout": CONNECT_SECONDS}).close()
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        raise CommandError(f"The database that DATABASE_URL names does not answer: {reason}") from error


def require_broker(variable: str, url: str) -> None:
    """Raises: CommandError naming the variable, and its server without the password."""
    try:
        with Connection(url, connect_timeout=CONNECT_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=CONNECT_SECONDS)
    except Exception as error:  # each transport has errors of its own, and a bad URL is a KeyError
        reason = " ".join(str(error).split())
        raise CommandError(f"{variable}={maybe_sanitize_url(url)} does not answer: {reason}") from error
