"""A real pool of threads: what hangs in one of them holds up none of the others."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.db import connection

from strategies import lifecycle
from strategies.models import Status, Task
from strategies.params import PromptParams, Words
from strategies.pools import live_pools
from strategies.signatures import lone_signature
from strategies.webhooks.endpoints import endpoint_create
from tests.factories import make_generation
from tests.receiver import Receiver, receiving
from tests.stack import ROOT, waited
from tests.strategies.lifecycle import claim
from tests.workers.chat import ChatServer
from workers.pools import load_pools

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def chat():
    with ChatServer() as server:
        yield server


@pytest.fixture
def pool(chat, tmp_path) -> Iterator[subprocess.Popen]:
    """The pool `network` of pools.toml, on the tests' database and broker."""
    (network,) = (pool for pool in load_pools(ROOT / "pools.toml") if pool.name == "network")
    database = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
    environment = {
        **os.environ, **network.environment(), "ATELIER_HOME": str(tmp_path), "DATABASE_URL": database,
        "ATELIER_LANGUAGE_URL": chat.url, "ATELIER_LANGUAGE_MODEL": "scribe-1",
        "ATELIER_ALLOW_PRIVATE_WEBHOOK_URLS": "1", "SECRET_KEY": django_settings.SECRET_KEY,
    }  # fmt: skip
    process = subprocess.Popen(network.command(), env=environment, cwd=django_settings.BASE_DIR)
    try:
        waited(lambda: [report for report in live_pools() if report.name == network.node])
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(40)


def asked_for(owner) -> Task:
    """A prompt that the language model is to write."""
    params = PromptParams(words=Words(prompt="a red circle"))
    return lifecycle.start_alone(lone_signature(owner.pk, params))


def is_over(task: Task) -> bool:
    task.refresh_from_db()
    return task.status == Status.SUCCEEDED


def test_receivers_and_a_model_that_hang_hold_up_no_other_prompt(
    owner, workflow, receiver: Receiver, chat, pool, settings
):
    settings.ALLOW_PRIVATE_WEBHOOK_URLS = True
    receiver.answers = [0] * 100
    endpoint_create(owner=owner, url=receiver.url)
    for _ in range(20):  # each commit wakes a deliverer: more than the pool has threads
        make_generation(owner, workflow)
        claim()
    waited(lambda: receiver.received)
    chat.says('{"prompt": "a glowing red circle"}')
    chat.hangs(30)
    slow = asked_for(owner)
    waited(lambda: chat.asked)
    chat.hangs(0)
    quick = asked_for(owner)

    waited(lambda: is_over(quick))
    assert quick.result["prompt"] == "a glowing red circle"
    slow.refresh_from_db()
    assert slow.status == Status.PROCESSING and not receiver.closing.is_set()
    receiver.closing.set()
    chat.release()
    waited(lambda: is_over(slow))
