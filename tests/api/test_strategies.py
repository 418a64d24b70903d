"""Every strategy is asked for by its name alone, and by an address of its own: the same tasks either way."""

import pytest

from api.urls import SHORTHANDS
from families.demo import seed
from strategies.models import Lora, Subject, Task
from tests.chains import chains, portrait
from tests.pictures import data_uri

TASK_TYPES = {chain.shorthand: list(chain.task_types) for chain in chains().values()}
INPUTS = {chain.shorthand: chain.inputs for chain in chains().values()}


@pytest.fixture
def subject(account) -> Subject:
    lora = Lora.objects.create(owner=account.user, name="Ada", file="loras/a", sha256="0" * 64, size=1)
    return Subject.objects.create(owner=account.user, name="Ada", trigger_word="ada", lora=lora)


@pytest.fixture
def asked(subject):
    """By strategy: inputs, and the task types that they lead to."""
    by_address = {SHORTHANDS[name]: (INPUTS[name], TASK_TYPES[name]) for name in TASK_TYPES}
    return by_address | {
        "generate": ({"prompt": "a red circle"}, ["generation"]),
        "subject_generate": ({"subject": str(subject.id), "prompt": "a red circle"}, ["generation"]),
        "face_fixing": ({"base_image": data_uri(portrait())}, ["face_fix"]),
    }


@pytest.mark.parametrize("strategy", ["generate", *SHORTHANDS.values()])
def test_a_strategy_is_asked_for_by_its_name_and_by_its_address(client, asked, strategy):
    seed()
    inputs, task_types = asked[strategy]
    ways = [("/v1/generations", {"strategy": strategy, "inputs": inputs})]
    if strategy != "generate":  # which has the generic address
        (address,) = (name for name, each in SHORTHANDS.items() if each == strategy)
        ways.append((f"/v1/generations/{address}", {"inputs": inputs}))
    for path, body in ways:
        answer = client.post(path, body)
        assert answer.status_code == 202, answer.content
        generation = answer.json()
        assert generation["strategy"] == strategy
        chain = Task.objects.filter(generation=generation["id"]).order_by("step")
        assert [task.task_type for task in chain] == task_types
