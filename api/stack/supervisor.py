"""The process manager: supervisord with a generated configuration, run as our child."""

import hashlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
from supervisor.xmlrpc import SupervisorTransport

from api.stack.errors import StackError
from api.stack.home import write_private
from api.stack.packages import ROOT
from api.stack.processes import matching, wait_gone
from api.stack.program import Program, literal, section
from api.stack.tether import tethered

MARK = "ATELIER_RUN"  # an entry in the environment of all we start: finds what an interrupted run left
LONGEST_SOCKET_PATH = 90  # the kernel's limit is 107 bytes, and supervisord appends a number
STARTS_TOLERATED = 3  # of one program while the whole comes up
LEFTOVER_SECONDS = 10
USER = "atelier"  # of supervisord, behind a password made for each run
LAST_LINES = 8
INTERFACE = "supervisor.rpcinterface:make_main_rpcinterface"


class Supervisor:
    """Programs in named groups; a later group is stopped before an earlier one."""

    def __init__(self, directory: Path, log_directory: Path, groups: Mapping[str, Sequence[Program]]) -> None:
        self.directory = directory
        self.log_directory = log_directory
        self.groups = {name: members for name, members in groups.items() if members}
        self.log_name = f"supervisor-{directory.name}"
        self._socket = _socket_path(directory)
        self._password = secrets.token_hex(16)
        self._process: subprocess.Popen | None = None
        self._starts: defaultdict[str, set[int]] = defaultdict(set)

    @property
    def names(self) -> list[str]:
        return [program.name for programs in self.groups.values() for program in programs]

    @property
    def mark(self) -> dict[str, str]:
        """The environment entry by which what this run starts is known as its own."""
        return {MARK: str(self.directory)}

    def config(self) -> str:
        """The text of supervisord.conf."""
        members = [program for programs in self.groups.values() for program in programs]
        return "\n".join(
            [self._own_sections(), *(program.section(self.log_directory) for program in members)]
        )

    def _own_sections(self) -> str:
        login = {"username": USER, "password": self._password}
        own = {
            "nodaemon": "true",
            "silent": "true",
            "logfile": literal(str(self.log_directory / f"{self.log_name}.log")),
            "loglevel": "warn",  # deaths and restarts, not every success
            "logfile_maxbytes": "10MB",
            "logfile_backups": "3",
            "pidfile": literal(str(self.directory / "supervisord.pid")),
            **({"user": "root"} if os.geteuid() == 0 else {}),  # silences its warning; programs stay ours
        }
        groups = [
            section(
                f"group:{group}", {"programs": ",".join(p.name for p in programs), "priority": str(number)}
            )
            for number, (group, programs) in enumerate(self.groups.items())
        ]
        return "\n".join(
            [
                section("supervisord", own),
                section("unix_http_server", {"file": literal(str(self._socket)), "chmod": "0600", **login}),
                section("supervisorctl", {"serverurl": literal(f"unix://{self._socket}"), **login}),
                section("rpcinterface:supervisor", {"supervisor.rpcinterface_factory": INTERFACE}),
                *groups,
            ]
        )

    def launch(self, environment: Mapping[str, str]) -> None:
        """Start supervisord itself, in a session of its own so that Ctrl-C reaches only us."""
        config = self.directory / "supervisord.conf"
        write_private(config, self.config())  # the passwords of Flower and of itself are in it
        self._socket.unlink(missing_ok=True)
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(config)]
        with (self.directory / "supervisord.out").open("wb") as out:
            self._process = subprocess.Popen(
                tethered(signal.SIGTERM, command), cwd=ROOT, env={**environment, **self.mark},
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        while not self._socket.exists():
            self.require_alive()
            time.sleep(0.02)

    def start(self, group: str) -> None:
        """Start the programs of a group, without waiting for them."""
        self._call("startProcessGroup", group, False)

    def require_alive(self) -> None:
        """Raises: StackError when supervisord itself has gone."""
        if self._process is None or self._process.poll() is None:
            return
        said = (self.directory / "supervisord.out").read_text(errors="replace").strip()
        raise StackError(
            f"The supervisor has gone: {said or f'see {self.log_directory}/{self.log_name}.log'}"
        )

    def require_healthy(self) -> None:
        """Raises: StackError naming the program that keeps dying, with the end of its log."""
        self.require_alive()
        for info in self._call("getAllProcessInfo"):
            starts = self._starts[info["name"]]
            starts.add(info["start"])
            if info["statename"] == "FATAL" or len(starts - {0}) > STARTS_TOLERATED:
                words = self.last_words(info["name"])
                raise StackError(f"{info['name']} keeps dying while it starts. {words}")

    def last_words(self, name: str) -> str:
        """The end of a program's log, for a message."""
        path = self.log_directory / f"{name}.log"
        text = path.read_text(errors="replace").splitlines()[-LAST_LINES:] if path.exists() else []
        return "\n  ".join([f"The end of {path}:", *(text or ["(empty)"])])

    def stop(self) -> None:
        """Stop every program, the last group first, then supervisord; nothing of ours is left."""
        if self._process is not None:
            self._process.terminate()
            longest = (
                max((program.stop_seconds for program in members), default=0)
                for members in self.groups.values()
            )
            try:
                self._process.wait(sum(longest) + 10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        stop_leftovers(self.directory)
        self._socket.unlink(missing_ok=True)

    def _stop_seconds(self) -> int:
        return sum(max(program.stop_seconds for program in members) for members in self.groups.values())

    def _call(self, method: str, *arguments: object) -> list[dict]:
        transport = SupervisorTransport(USER, self._password, f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://supervisor", transport) as server:
            try:
                return getattr(server.supervisor, method)(*arguments)
            except (OSError, xmlrpc.client.Error) as error:
                self.require_alive()
                raise StackError(f"The supervisor does not answer: {error}.") from error


def leftovers(directory: Path) -> list[psutil.Process]:
    """Processes that a run on this directory started and that still live."""
    return matching(lambda process: process.environ().get(MARK) == str(directory))


def stop_leftovers(directory: Path) -> None:
    """End what an interrupted run left behind."""
    find = partial(leftovers, directory)
    for process in find():
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in wait_gone(find, LEFTOVER_SECONDS):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_gone(find, LEFTOVER_SECONDS)


def _socket_path(directory: Path) -> Path:
    path = directory / "supervisor.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"atelier-{name}.sock"
