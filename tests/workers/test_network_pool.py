"""A real pool of threads: what hangs in one of them holds up none of the others."""

import subprocess
from collections.abc import Iterator

import pytest

from strategies import lifecycle
from strategies.fleet import State
from strategies.models import Status, Task
from strategies.params import PromptParams, Words
from strategies.signatures import lone_signature
from strategies.webhooks.endpoints import endpoint_create
from tests.factories import make_generation
from tests.receiver import Receiver, receiving
from tests.stack import ROOT, waited
from tests.strategies.lifecycle import claim
from tests.workers.chat import ChatServer
from tests.workers.running import becomes, running
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
    """The pool `network` of pools.toml."""
    (network,) = (pool for pool in load_pools(ROOT / "pools.toml") if pool.name == "network")
    language = {"ATELIER_LANGUAGE_URL": chat.url, "ATELIER_LANGUAGE_MODEL": "scribe-1"}
    with running(network, tmp_path, ATELIER_ALLOW_PRIVATE_WEBHOOK_URLS="1", **language) as process:
        becomes(network, State.RUNNING)
        yield process


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
    chat.hangs(300)  # until it is released
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
