"""`manage.py pools`: another way to say `python -m api.stack pools`."""

import sys

from django.core.management.base import BaseCommand

from api.stack.__main__ import main


class Command(BaseCommand):
    help = "Run this machine's worker pools against a given database and broker."

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(main(argv[1:]))
