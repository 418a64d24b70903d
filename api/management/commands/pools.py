"""Run this machine's worker pools against a given database and broker: `manage.py pools [NAME…]`."""

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from api.stack import programs
from api.stack.command import StackCommand
from api.stack.errors import StackError
from api.stack.session import alone, supervised
from api.stack.stack import watch
from workers.pools import Pool, load_pools


class Command(StackCommand):
    help = "Run the pools of the pools file, all or the named ones, until interrupted; restart one that dies."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="only these pools")

    def handle(self, *args: Any, names: list[str], **options: Any) -> None:
        pools = chosen(load_pools(settings.POOLS_FILE), names)
        run = "-".join(["pools", *names])
        groups = {"pools": programs.pools(pools)}
        environment = {**os.environ, "ATELIER_HOME": str(settings.HOME), "PYTHONUNBUFFERED": "1"}
        try:
            with (
                alone(settings.HOME, run),
                supervised(settings.HOME, run, groups, environment, self.say) as supervisor,
            ):
                supervisor.start("pools")
                watch(supervisor)
        except KeyboardInterrupt:
            self.say("Stopped.")


def chosen(pools: list[Pool], names: list[str]) -> list[Pool]:
    """The named pools, or all. Raises: StackError for a name that is not in the file."""
    known = [pool.name for pool in pools]
    if unknown := [name for name in names if name not in known]:
        raise StackError(f"There is no pool {unknown[0]!r} here; there are {', '.join(known)}.")
    return [pool for pool in pools if not names or pool.name in names]
