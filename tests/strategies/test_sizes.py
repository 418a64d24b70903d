"""What a task needs of a pool, and what becomes of a task that no pool can run."""

import shutil
from datetime import timedelta

import pytest
from django.utils import timezone

from gpu import pocket, tensorfile
from strategies import lifecycle
from strategies.errors import NoPoolFits
from strategies.models import Generation, Task
from strategies.policy import Policy
from strategies.pools import PoolReport, report
from strategies.sizes import parameters_of_workflow
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


def changed_copy(folder, target, byte=0):
    """A model of the same shape whose weights are its own."""
    shutil.copytree(folder, target)
    for path in target.rglob("*.safetensors"):
        data = bytearray(path.read_bytes())
        half = len(data) // 2
        data[half:] = bytes([byte]) * (len(data) - half)
        path.write_bytes(data)
    return str(target)


def held(folder) -> int:
    return sum(tensorfile.read(path).elements for path in folder.rglob("*.safetensors"))


def test_what_an_author_named_beside_the_checkpoint_counts_too(owner, tmp_path):
    vae, refiner = pocket.CHECKPOINT / "vae", pocket.CHECKPOINT
    named = {
        "vae": changed_copy(vae, tmp_path / "vae"),
        "refiner": changed_copy(refiner, tmp_path / "refiner", byte=1),
        "controlnets": [{"model": "pocket:pocket-controlnet-canny"}],
    }
    wholes = {"vae": held(vae), "refiner": NUMBERS, "controlnets": held(pocket.CONTROLNET)}
    for name, value in named.items():
        workflow = make_workflow(**POCKET, **{name: value})
        assert parameters_of_workflow(workflow, "generation") == NUMBERS + wholes[name]
    every = make_workflow(**POCKET, **named)
    assert parameters_of_workflow(every, "editing") == NUMBERS + wholes["vae"], "it draws with no other"
    every = make_workflow(**POCKET, vae=named["vae"], refiner=named["refiner"])
    both = NUMBERS + held(vae) + NUMBERS
    assert the_task(make_generation(owner, every)).model_parameters == both
    assert parameters_of_workflow(every, "generation") == both


def test_files_of_one_content_are_loaded_once_and_count_once(db, tmp_path):
    refiner = tmp_path / "refiner"
    changed_copy(pocket.CHECKPOINT, refiner)
    shared = "text_encoder_2"
    shutil.copytree(pocket.CHECKPOINT / shared, refiner / shared, dirs_exist_ok=True)
    workflow = make_workflow(**POCKET, refiner=str(refiner), vae="pocket:pocket-sdxl/vae")
    parameters = parameters_of_workflow(workflow, "generation")
    assert parameters == 2 * NUMBERS - held(pocket.CHECKPOINT / shared)


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
