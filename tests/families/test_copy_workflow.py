import pytest
from django.core.management import CommandError, call_command

from families.contract import parse_contract
from families.demo import seed
from families.models import Workflow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue():
    seed()


def copy(*options: str, source: str = "pocket-outlined-fine", key: str = "sdxl") -> Workflow:
    call_command("copy_workflow", source, key, "--checkpoint", "sdxl-base", *options)
    return Workflow.objects.get(key=key)


def test_a_copy_runs_another_checkpoint_at_its_size():
    workflow = copy("--size", "1024", "--steps", "30")
    defaults = parse_contract(workflow.contract).validate_inputs({"prompt": "a cat"})
    assert (workflow.checkpoint, workflow.state, workflow.prompt_prefix) == (
        "sdxl-base",
        "published",
        "outlined ",
    )
    assert (defaults["width"], defaults["height"], defaults["num_inference_steps"]) == (1024, 1024, 30)
    assert "scheduler" not in defaults, "the checkpoint's own"


def test_the_original_stays_as_it_was():
    before = Workflow.objects.values().get(key="pocket-outlined-fine")
    copy()
    assert Workflow.objects.values().get(key="pocket-outlined-fine") == before


def test_a_copy_can_stay_a_draft():
    assert copy("--draft").state == "draft"


@pytest.mark.parametrize(
    ("names", "complaint"),
    [({"source": "nope"}, "no workflow 'nope'"), ({"key": "pocket-solid-fast"}, "pocket-solid-fast")],
)
def test_what_cannot_be_copied_is_refused_in_a_sentence(names, complaint):
    with pytest.raises(CommandError, match=complaint):
        copy(**names)
