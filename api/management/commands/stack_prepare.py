"""Bring database, catalogue and accounts up to date: `manage.py stack_prepare`, safe to repeat."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from api.stack.accounts import ensure_accounts


class Command(BaseCommand):
    help = "Check the servers, then migrate, seed the demo catalogue and make the demo accounts and keys."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("stack_check")
        call_command("migrate", interactive=False)
        call_command("seed_catalogue")
        ensure_accounts(settings.HOME)
