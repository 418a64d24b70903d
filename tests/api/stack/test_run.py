"""`make run` as a whole, with real processes: up, watched, and gone again."""

import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from api.stack.packages import ROOT
from api.stack.ports import free_port
from api.stack.processes import matching
from api.stack.supervisor import MARK, leftovers

START_SECONDS = 240
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Run:
    """A `run` process of its own, with everything embedded."""

    def __init__(self, home):
        self.home = home
        self.url, self.flower_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self._log = home.with_name("run.log")
        self._process = None

    def start(self):
        outside = {"DATABASE_URL", "REDIS_URL", "BROKER_URL"}
        environment = {key: value for key, value in os.environ.items() if key not in outside} | {
            "ATELIER_HOME": str(self.home),
            "ATELIER_PORT": self.url.rpartition(":")[2],
            "ATELIER_FLOWER_PORT": self.flower_url.rpartition(":")[2],
        }
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api.stack", "run"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        wait_until(
            lambda: "Atelier is ready." in self.log() or self._process.poll() is not None, START_SECONDS
        )
        assert self._process.poll() is None, self.log()

    def end(self, number):
        self._process.send_signal(number)
        return self._process.wait(120)

    def log(self):
        return self._log.read_text()

    def processes(self):
        return leftovers(self.home / "run" / "all")

    def program(self, name):
        """The oldest living process of one program, which is its main one."""
        wanted = {MARK: str(self.home / "run" / "all"), "SUPERVISOR_PROCESS_NAME": name}
        named = matching(lambda process: wanted.items() <= process.environ().items())
        return min(named, key=lambda process: process.pid, default=None)


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "home")
    yield run
    if run._process:
        run._process.kill()
    wait_until(lambda: not run.processes())


def wait_until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_it_serves_survives_deaths_and_leaves_nothing(run):
    # When it is started on an empty home
    run.start()

    # Then everything answers, to who may
    key = (run.home / "demo-key").read_text()
    password = (run.home / "admin-password").read_text()
    assert httpx.get(f"{run.url}/healthz").status_code == 200
    assert httpx.get(f"{run.url}/v1/catalog").status_code in {401, 403}
    assert httpx.get(f"{run.url}/v1/catalog", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert httpx.get(run.flower_url).status_code == 401
    assert httpx.get(run.flower_url, auth=("admin", password)).is_success
    assert key in run.log()

    # When a pool and the web process are killed, then they come back
    for name in ("web", "pool-housekeeping"):
        victim = run.program(name)
        victim.kill()
        wait_until(lambda: run.program(name) not in (None, victim))  # noqa: B023
    wait_until(lambda: _is_ready(run.url))

    # When the runner itself is killed, the next start cleans up, keeps the data and the keys
    run.end(signal.SIGKILL)
    run.start()
    assert httpx.get(f"{run.url}/v1/catalog", headers={"Authorization": f"Bearer {key}"}).status_code == 200

    # When it is told to stop, then nothing is left
    assert run.end(signal.SIGTERM) == 0
    assert run.processes() == []
    assert not (run.home / "servers.env").exists()


def _is_ready(url):
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.HTTPError:
        return False
