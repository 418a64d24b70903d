"""`manage.py demo`: another way to say `python -m api.stack demo`."""

import sys

from django.core.management.base import BaseCommand

from api.stack.__main__ import main


class Command(BaseCommand):
    help = "Start Atelier, draw one picture, save it, stop."

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(main(argv[1:]))
