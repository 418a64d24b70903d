"""What a task needs of a pool, and what becomes of a task that no pool can run."""

import shutil
from datetime import timedelta

import pytest
from django.utils import timezone

from gpu import pocket
from strategies import lifecycle
from strategies.errors import NoPoolFits
from strategies.models import Generation, Task
from strategies.policy import Policy
from strategies.pools import PoolReport, report
from tests.factories import make_generation, make_workflow, the_task
from tests.workers.drawing import POCKET

NOW = timezone.now().isoformat()
NUMBERS = 10_442_555  # in the pocket checkpoint
TERMS = {"queue": "generation", "worker": "w@here", "device": "cpu", "lease_seconds": 60}


def live(name: str, capacity: int) -> None:
    facts = {"device": "cpu", "queues": ["generation"], "heartbeat_at": NOW, "started_at": NOW}
    report(PoolReport(name, **facts, capacity=capacity, memory={"budget_bytes": 4 * capacity}))


@pytest.fixture
def drawn(db):
    """A workflow over the pocket checkpoint."""
    return make_workflow(**POCKET)


def test_a_task_knows_how_much_its_models_hold(owner, drawn, workflow, settings, tmp_path):
    assert the_task(make_generation(owner, drawn)).model_parameters == NUMBERS
    assert the_task(make_generation(owner, workflow)).model_parameters == 0, "the mock loads none"
    settings.MODELS_DIR = tmp_path
    elsewhere = make_workflow(generator="local_sdxl", checkpoint="on-another-machine")
    assert the_task(make_generation(owner, elsewhere)).model_parameters == 1
    shutil.copy(
        pocket.CHECKPOINT / "vae" / "diffusion_pytorch_model.safetensors", tmp_path / "one.safetensors"
    )
    one_file = make_workflow(generator="local_sdxl", checkpoint="one.safetensors")
    assert 1 < the_task(make_generation(owner, one_file)).model_parameters < NUMBERS


def test_a_pool_takes_what_it_can_load_and_leaves_the_rest_to_others(owner, drawn, workflow):
    large, small = make_generation(owner, drawn), make_generation(owner, workflow)
    little = Policy(capacity=NUMBERS - 1)
    assert lifecycle.claim(**TERMS, policy=little).task == the_task(small)
    assert lifecycle.claim(**TERMS, policy=little) is None
    assert lifecycle.waits_for_others("generation", "w@here", NUMBERS - 1)
    assert not lifecycle.waits_for_others("generation", "w@here", NUMBERS)
    assert lifecycle.claim(**TERMS, policy=Policy(capacity=NUMBERS)).task == the_task(large)


def test_nothing_gives_way_to_what_its_pool_cannot_load(owner, drawn):
    make_generation(owner, drawn)
    Task.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert lifecycle.is_in_the_way("w@here", ["generation"], NUMBERS)
    assert not lifecycle.is_in_the_way("w@here", ["generation"], NUMBERS - 1)


def test_work_that_no_live_pool_could_do_is_refused_with_what_each_lacks(owner, drawn, workflow):
    live("small@here", NUMBERS // 2), live("light@here", 0)
    with pytest.raises(NoPoolFits) as refused:
        make_generation(owner, drawn)
    (reason,) = refused.value.extra["reasons"]
    assert "light@here has no device; small@here has 0.0195 GiB for models, and needs 0.0389 GiB" in reason
    assert not Generation.objects.exists()
    make_generation(owner, workflow)
    live("large@here", NUMBERS)
    make_generation(owner, drawn)


def test_work_is_accepted_while_no_pool_is_there_to_be_asked(owner, drawn):
    assert the_task(make_generation(owner, drawn)).status == "starting"
