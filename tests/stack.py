"""The real stack as a user starts it: `manage.py run` in a process of its own, on free ports."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg

from api.stack.ports import free_port
from api.stack.tether import tethered

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 240  # seconds that a machine with much else to do may take; less than a test may
TERMINAL = ("succeeded", "failed", "canceled", "aborted")


@dataclass(frozen=True)
class RunningStack:
    """Atelier, ready."""

    process: subprocess.Popen
    home: Path
    environment: dict[str, str]
    url: str

    def client(self, account: str = "demo") -> httpx.Client:
        """An HTTP client that bears the key of `demo` or `admin`."""
        key = (self.home / f"{account}-key").read_text().strip()
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=90)

    def manage(self, *arguments: str) -> str:
        """What a management command prints, run against this stack."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def processes(self, *words: str) -> list[psutil.Process]:
        """This stack's processes whose command line has all of these words."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                line = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if all(word in line for word in words):
                found.append(process)
        return found

    def worker_child(self, pool: str) -> psutil.Process:
        """The process of a pool that holds the device and runs the tasks."""
        return self.worker_children(pool)[0]

    def worker_children(self, pool: str) -> list[psutil.Process]:
        """The processes of a pool that run tasks: one, or as many as its concurrency says."""
        (parent,) = self.processes("workers.app", f"--hostname {pool}@")
        return waited(lambda: list(filter(_runs_tasks, parent.children())))

    def database(self) -> psycopg.Connection:
        """A connection to this stack's database; every query sees what was committed before it."""
        addresses = dict(line.split("=", 1) for line in (self.home / "servers.env").read_text().split())
        return psycopg.connect(addresses["DATABASE_URL"], autocommit=True)

    def control(self, *arguments: str) -> None:
        """What an operator types to supervisorctl."""
        config = str(self.home / "run" / "all" / "supervisord.conf")
        command = [sys.executable, "-m", "supervisor.supervisorctl", "-c", config, *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def log(self) -> str:
        return (self.home / "stack.log").read_text()


@contextmanager
def running_stack(home: Path, pools: str, **settings: str) -> Iterator[RunningStack]:
    """Start everything, wait until it is ready, stop it with Ctrl-C and see that nothing is left.

    It stops by itself when the tests are killed.
    """
    home.mkdir(parents=True, exist_ok=True)
    (home / "pools.toml").write_text(pools)
    own = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE")
    }
    ports = {"ATELIER_PORT": str(free_port()), "ATELIER_FLOWER_PORT": str(free_port())}
    environment = {
        **own, **ports, "ATELIER_HOME": str(home), "ATELIER_POOLS": str(home / "pools.toml"), **settings,
    }  # fmt: skip
    with (home / "stack.log").open("w") as log:
        process = subprocess.Popen(
            tethered(signal.SIGINT, [sys.executable, "manage.py", "run"]),
            cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    stack = RunningStack(process, home, environment, f"http://127.0.0.1:{ports['ATELIER_PORT']}")
    family = []
    try:
        _wait_until_ready(stack)
        family = psutil.Process(process.pid).children(recursive=True)
        yield stack
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(90)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive, f"left behind: {alive}"


def _wait_until_ready(stack: RunningStack) -> None:
    end = time.monotonic() + PATIENCE
    while "Atelier is ready" not in stack.log():
        assert stack.process.poll() is None, stack.log()
        assert time.monotonic() < end, stack.log()
        time.sleep(0.1)


def finished(client: httpx.Client, generation: str, seconds: float = PATIENCE) -> dict:
    """The generation once it is over."""
    return waited(lambda: _over(client.get(f"/v1/generations/{generation}").json()), seconds)


def waited(look, seconds: float = PATIENCE):
    """What `look` returns as soon as it is something."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return seen


def _runs_tasks(process: psutil.Process) -> bool:
    """Whether this is the spawned child of a pool, and alive."""
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def _over(generation: dict) -> dict | None:
    return generation if generation["status"] in TERMINAL else None
