"""An account with a key, what it may use, and a real web process."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from api.models import ApiKey, User
from api.stack.ports import free_port
from celeryconfig import QUEUES
from strategies.pools import PoolReport, report
from tests.factories import make_owner, make_workflow

from .authoring import Author


@dataclass
class Account:
    """A user with a key; `client` sends it along."""

    user: User
    key: str = field(init=False)
    client: APIClient = field(init=False)

    def __post_init__(self) -> None:
        _, self.key = ApiKey.objects.create_key(name="tests", owner=self.user)
        self.client = APIClient(headers={"Authorization": f"Bearer {self.key}"})

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@pytest.fixture(autouse=True)
def _empty_redis(redis_server):
    """Events, messages and pools of one test are not another's."""


@pytest.fixture
def account(db) -> Account:
    return Account(make_owner())


@pytest.fixture
def stranger(db) -> Account:
    return Account(make_owner())


@pytest.fixture
def client(account) -> APIClient:
    return account.client


@pytest.fixture
def staff(db) -> Account:
    return Account(make_owner(is_staff=True))


@pytest.fixture
def author(staff) -> Author:
    return Author(staff.client)


@pytest.fixture
def photo(author) -> str:
    """The address of a family with two axes and one member, the workflow `one`; `two` could be another."""
    address = author.family("photo", model="likeness realism", size="small large")
    author.published("one")
    author.published("two")
    author.member(address, "one", model="likeness", size="small")
    return address


@pytest.fixture
def workflow(db):
    return make_workflow(price="0.0100")


@pytest.fixture
def ask(workflow) -> dict:
    """The body of a request that is accepted."""
    return {"workflow": workflow.key, "inputs": {"prompt": "a red circle on a blue background"}, "seed": 7}


@pytest.fixture
def live_pool(redis_server) -> PoolReport:
    """A pool that serves every queue."""
    now = timezone.now().isoformat()
    queues, memory = list(QUEUES), {"resident": 1024}
    pool = PoolReport("gpu@test", "cpu", queues, heartbeat_at=now, started_at=now, memory=memory)
    report(pool)
    return pool


@pytest.fixture
def start_web(transactional_db, tmp_path) -> Iterator[Callable[..., httpx.Client]]:
    """Starts web processes on the tests' database and storage, in an environment of one's own."""
    with ExitStack() as stack:

        def start(**environment: str) -> httpx.Client:
            return stack.enter_context(_web(tmp_path, environment))

        yield start


@pytest.fixture
def web(start_web) -> httpx.Client:
    """A client of a web process of its own."""
    return start_web()


@contextmanager
def _web(home: Path, environment: dict[str, str]) -> Iterator[httpx.Client]:
    port = free_port()
    everything = {
        **os.environ,
        "ATELIER_HOME": str(home),  # whose media folder is the tests' storage
        "DATABASE_URL": os.environ["DATABASE_URL"].rpartition("/")[0]
        + "/"
        + connection.settings_dict["NAME"],
        **environment,
    }
    command = [sys.executable, "-m", "uvicorn", "api.asgi:application", "--port", str(port)]
    command += ["--log-level", "warning", "--timeout-graceful-shutdown", "1"]
    process = subprocess.Popen(command, env=everything, cwd=settings.BASE_DIR)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
            _wait_until_it_answers(client, process)
            client.process = process
            yield client
    finally:
        process.terminate()  # so that it leaves the database before that is torn down
        process.wait(20)


def _wait_until_it_answers(client: httpx.Client, process: subprocess.Popen) -> None:
    while True:
        try:
            client.get("/healthz")
            return
        except httpx.TransportError:
            assert process.poll() is None, "the web process died"
            time.sleep(0.05)
