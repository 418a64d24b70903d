"""The whole of Atelier on one machine, started in order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.stack import addresses, programs, ready
from api.stack.errors import StackError
from api.stack.home import secret
from api.stack.options import Options
from api.stack.packages import ROOT
from api.stack.ports import LOOPBACK, require_free
from api.stack.session import Say, alone, supervised
from api.stack.supervisor import MARK, Supervisor
from api.stack.tether import tethered
from workers.pools import Pool

NAME = "all"
SERVER_SECONDS = 60  # the recovery of a big database included
WATCH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Stack:
    """What to start, and whom to tell about it."""

    home: Path
    options: Options
    pools: Sequence[Pool]
    say: Say  # each step of the start
    log: Say  # every line that any of the programs logs

    @contextmanager
    def running(self) -> Iterator[Supervisor]:
        """Atelier, ready to take requests; everything is stopped on leaving.

        Raises: StackError when it cannot start.
        """
        with alone(self.home, NAME):
            require_free(self.options.host, self.options.port, "ATELIER_PORT")
            require_free(LOOPBACK, self.options.flower_port, "ATELIER_FLOWER_PORT")
            given = addresses.given(os.environ, self.home)
            servers, embedded = programs.embedded_servers(self.home, given)
            addresses.note(self.home, embedded)
            environment = {**os.environ, **given, **embedded, **self._environment()}
            try:
                groups = {"servers": servers, "atelier": self._programs()}
                with supervised(self.home, NAME, groups, environment, self.log) as supervisor:
                    self._start(supervisor, embedded, environment)
                    yield supervisor
            finally:
                addresses.forget(self.home)

    def _environment(self) -> dict[str, str]:
        return {"ATELIER_HOME": str(self.home), "PYTHONUNBUFFERED": "1"}

    def _programs(self) -> list[programs.Program]:
        login = f"admin:{secret(self.home / 'admin-password')}"
        return [
            programs.web(),
            *programs.pools(self.pools),
            programs.beat(self.home),
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
        self._prepare(supervisor, environment)
        self.say("Starting web server, workers, beat and Flower")
        supervisor.start("atelier")
        seconds = self.options.start_seconds
        ready.wait_for(supervisor, ready.page(f"{self.options.url}/readyz", 200), seconds, "web")
        ready.wait_for(supervisor, ready.page(self.options.flower_url, 200, 401), seconds, "flower")

    def _prepare(self, supervisor: Supervisor, environment: Mapping[str, str]) -> None:
        """Migrations, catalogue, accounts: in a process of their own, whose settings know the addresses."""
        path = supervisor.log_directory / "prepare.log"
        command = tethered(signal.SIGKILL, [sys.executable, "manage.py", "stack_prepare"])
        with path.open("wb") as log:
            done = subprocess.run(
                command, cwd=ROOT, env={**environment, MARK: str(supervisor.directory)}, check=False,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        if done.returncode:
            said = path.read_text(errors="replace").strip().splitlines() or ["it said nothing."]
            raise StackError(f"{said[-1].removeprefix('CommandError: ')} (all of it: {path})")


def watch(supervisor: Supervisor) -> None:
    """Stay until interrupted.

    Raises: StackError when the supervisor itself dies.
    """
    while True:
        supervisor.require_alive()
        time.sleep(WATCH_SECONDS)
