"""What the commands that start things have in common."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from api.stack.errors import StackError
from workers.pools import PoolsFileError

INTERRUPTED = 130  # what a shell reports for Ctrl-C


class StackCommand(BaseCommand):
    """Says what is wrong in a sentence instead of a traceback."""

    requires_system_checks = ()  # nothing may touch the database before it has been started

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except (StackError, PoolsFileError) as error:
            self.stderr.write(str(error))
            sys.exit(1)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
