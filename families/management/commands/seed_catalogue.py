"""`manage.py seed_catalogue`: write the demo catalogue where it is missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from families.demo import seed


class Command(BaseCommand):
    help = "Write the demo families and their workflows; what exists is left as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--benchmarks", action="store_true", help="also the workflow that benchmarks run")

    def handle(self, *args: Any, **options: Any) -> None:
        written = seed(benchmarks=options["benchmarks"])
        self.stdout.write(f"written: {', '.join(written)}" if written else "the demo catalogue is complete")
