"""A workflow's page: names to choose from, problems on the row at fault, and what may not be published."""

import json
import sys

import pytest

from families.demo import seed
from families.models import Workflow
from families.recipe_checks import recipe_problems
from families.services import workflow_create, workflow_publish, workflow_update

from .building import IMAGE_CONTRACT, draft, image_contract, published, spec
from .test_admin import WORKFLOW, address, errors_of, seen, told

pytestmark = pytest.mark.django_db
TRACE = {"model": "pocket:pocket-controlnet-canny"}
HUB = {"generator": "local_sdxl", "checkpoint": "some/model"}
POCKET = {"generator": "local_sdxl", "checkpoint": "pocket:pocket-sdxl"}


@pytest.fixture
def author(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("author"))
    return client


def test_names_are_chosen_among_those_that_can_run(author):
    form = author.get(address("workflow_add")).context["adminform"].form
    assert ("generate", "generate") in form.fields["strategy"].choices
    assert ("mock", "mock") in form.fields["generator"].choices
    assert ("euler", "euler") in form.fields["scheduler"].choices
    assert list(errors_of(author.post(address("workflow_add"), WORKFLOW | {"scheduler": "magic"}))) == [
        "scheduler"
    ]


def test_a_problem_inside_the_contract_is_placed_on_its_row(author):
    contract = json.dumps(image_contract(spec("width", minimum=9, maximum=4, default=5)))
    page = author.post(address("workflow_add"), WORKFLOW | {"contract": contract})
    widget = page.context["adminform"].form.fields["contract"].widget
    (problem,) = json.loads(widget.attrs["data-problems"])
    assert problem["loc"] == ["inputs", 0]
    assert "minimum is above maximum" in problem["msg"]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"contract": image_contract(spec("steps"))}, "contract", "takes no input “steps”"),
        (
            {"contract": image_contract(spec("width", maximum=90_000, default=128))},
            "contract",
            "maximum 90000",
        ),
        (
            {"contract": image_contract(spec("width", "text", default="128"))},
            "contract",
            "choose another kind",
        ),
        ({"contract": image_contract(spec("prompt", "text"))}, "contract", "make it required"),
        (
            {"contract": {"inputs": [], "outputs": IMAGE_CONTRACT["outputs"]}},
            "contract",
            "needs an input “prompt”",
        ),
        (
            {**POCKET, "controlnets": [{"model": "pocket:pocket-controlnet-canny"}]},
            "contract",
            "control_images",
        ),
        ({**POCKET, "checkpoint": "pocket:nothing"}, "checkpoint", "nothing"),
        ({**POCKET, "checkpoint": ""}, "checkpoint", "name one"),
        (
            {**POCKET, "checkpoint": "some/model", "checkpoint_revision": "main"},
            "checkpoint",
            "40 hex digits",
        ),
        ({**POCKET, "loras": [{"lora": "pocket:nothing"}]}, "loras", "nothing"),
        ({**POCKET, "vae": "pocket:nothing"}, "vae", "nothing"),
        ({**POCKET, "vae": "pocket:pocket-controlnet-canny"}, "vae", "no autoencoder"),
        ({**POCKET, "refiner": "pocket:nothing"}, "refiner", "nothing"),
        ({**POCKET, "refiner": "pocket:pocket-svd"}, "refiner", "use an SDXL one"),
        ({"strategy": "dream"}, "strategy", "use one of"),
    ],
)
def test_what_could_not_run_stays_a_draft(changes, field, message):
    workflow = workflow_create(
        **{"key": "one", "display_name": "One", "generator": "mock", "contract": IMAGE_CONTRACT, **changes}
    )
    with pytest.raises(Exception, match=message) as refusal:
        workflow_publish(workflow=workflow)
    assert refusal.value.errors[0].loc[0] == field
    assert refusal.value.code == "invalid_recipe"
    assert Workflow.objects.get().state == "draft"


def test_what_a_strategy_draws_without_is_left_empty():
    models = {"vae": "pocket:pocket-sdxl/vae", "refiner": "pocket:pocket-sdxl"}
    workflow = draft("one", **POCKET, strategy="editing", **models)
    problems = {problem.loc: problem.msg for problem in recipe_problems(workflow)}
    assert "leave it empty" in problems["refiner",]
    assert ("vae",) not in problems


def test_a_draft_that_cannot_run_yet_is_saved_with_a_warning(author):
    data = WORKFLOW | {"generator": "local_sdxl", "checkpoint": "pocket:nothing"}
    response = author.post(address("workflow_add"), data)
    assert Workflow.objects.get().state == "draft"
    assert any("cannot be published yet: checkpoint" in message for message in told(response))


def test_a_published_workflow_is_not_changed_into_one_that_cannot_run(author):
    workflow = published("one")
    data = WORKFLOW | seen(workflow) | {"generator": "local_sdxl", "checkpoint": "pocket:nothing"}
    errors = errors_of(author.post(address("workflow_change", workflow.pk), data))
    assert "nothing" in errors["checkpoint"][0]
    assert workflow_update(workflow=workflow, description="fine").version == workflow.version + 1


def test_the_pocket_recipe_can_be_published():
    assert workflow_publish(workflow=draft("one", **POCKET)).state == "published"


def test_models_are_looked_for_only_where_there_is_a_models_folder(settings, tmp_path):
    settings.MODELS_DIR = tmp_path / "not-on-this-machine"
    workflow = draft("one", generator="local_sdxl", checkpoint="house-style")
    assert workflow_publish(workflow=workflow).state == "published"
    settings.MODELS_DIR = tmp_path
    workflow = draft("two", generator="local_sdxl", checkpoint="house-style")
    with pytest.raises(Exception, match="house-style"):
        workflow_publish(workflow=workflow)


def test_a_hub_model_with_its_commit_is_not_looked_up(settings, tmp_path):
    settings.MODELS_DIR = tmp_path
    workflow = draft("one", **HUB, checkpoint_revision="a" * 40)
    assert workflow_publish(workflow=workflow).state == "published"


def test_every_demo_recipe_can_be_published():
    loaded_by_other_tests = "torch" in sys.modules
    seed(benchmarks=True)
    assert not Workflow.objects.exclude(state="published").exists()
    assert loaded_by_other_tests or "torch" not in sys.modules
