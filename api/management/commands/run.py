"""`manage.py run`: another way to say `python -m api.stack run`."""

import sys

from django.core.management.base import BaseCommand

from api.stack.__main__ import main


class Command(BaseCommand):
    help = "Run all of Atelier on this machine until interrupted."

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(main(argv[1:]))
