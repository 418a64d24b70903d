"""The whole of Atelier on one machine, started in order."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from api.stack import addresses, programs, ready
from api.stack.home import secret
from api.stack.manage import manage
from api.stack.options import Options
from api.stack.ports import LOOPBACK, require_free
from api.stack.session import Say, alone, supervised
from api.stack.supervisor import Supervisor
from workers.pools import Pool

NAME = "all"
SERVER_SECONDS = 60  # the recovery of a big database included
WATCH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Stack:
    """What to start, and whom to tell about it."""

    options: Options
    pools: Sequence[Pool]
    say: Say  # each step of the start
    log: Say  # every line that any of the programs logs

    @contextmanager
    def running(self) -> Iterator[Supervisor]:
        """Atelier, answering; everything is stopped on leaving.

        Raises: StackError when it cannot start.
        """
        with alone(self.options.home, NAME):
            require_free(self.options.host, self.options.port, "ATELIER_PORT")
            require_free(LOOPBACK, self.options.flower_port, "ATELIER_FLOWER_PORT")
            given = addresses.given(os.environ, self.options.home)
            servers, embedded = programs.embedded_servers(self.options.home, given)
            addresses.note(self.options.home, embedded)
            environment = {**os.environ, **given, **embedded, **child_environment(self.options)}
            try:
                groups = {"servers": servers, "atelier": self._programs()}
                with supervised(self.options.home, NAME, groups, environment, self.log) as supervisor:
                    self._start(supervisor, embedded, environment)
                    yield supervisor
            finally:
                addresses.forget(self.options.home)

    def _programs(self) -> list[programs.Program]:
        login = f"admin:{secret(self.options.home / 'admin-password')}"
        return [
            programs.web(),
            *programs.pools(self.pools),
            programs.beat(self.options.home),
            programs.flower(self.options, login),
        ]

    def _start(
        self, supervisor: Supervisor, embedded: Mapping[str, str], environment: Mapping[str, str]
    ) -> None:
        if embedded:
            self.say("Starting the embedded servers")
            supervisor.start("servers")
        if url := embedded.get("DATABASE_URL"):
            ready.wait_for(supervisor, ready.database(url), SERVER_SECONDS, "postgres")
        if url := embedded.get("REDIS_URL"):
            ready.wait_for(supervisor, ready.cache(url), SERVER_SECONDS, "redis")
        self.say("Preparing database, catalogue and accounts")
        manage("stack_prepare", {**environment, **supervisor.mark}, supervisor.log_directory)
        self.say("Starting web server, workers, beat and Flower")
        supervisor.start("atelier")
        seconds = self.options.start_seconds
        ready.wait_for(supervisor, ready.page(f"{self.options.url}/healthz", 200), seconds, "web")
        ready.wait_for(supervisor, ready.page(self.options.flower_url, 200, 401), seconds, "flower")

    def wait_until_ready(self, supervisor: Supervisor) -> None:
        """Wait until every queue has a live pool, be it on this machine or on another.

        Raises: NotInTime when one has not; StackError when a program keeps dying.
        """
        page = ready.page(f"{self.options.url}/readyz", 200)
        ready.wait_for(supervisor, page, self.options.start_seconds)


def child_environment(options: Options) -> dict[str, str]:
    """What every program finds in its environment besides ours."""
    return {
        "ATELIER_HOME": str(options.home),
        "ATELIER_POOLS": str(options.pools_file),
        "PYTHONUNBUFFERED": "1",
    }


def watch(supervisor: Supervisor) -> None:
    """Stay until interrupted.

    Raises: StackError when the supervisor itself dies.
    """
    while True:
        supervisor.require_alive()
        time.sleep(WATCH_SECONDS)
