from dataclasses import replace
from io import StringIO
from itertools import product

import pytest
from django.core.management import call_command

from families.catalogue import catalogue_list, resolve
from families.demo import FAMILIES
from families.demo_inputs import SCHEDULERS
from families.models import Axis, Family, Member, MemberOption, Option, Workflow
from families.resolution import available_selections
from families.selectors import load_catalogue
from families.services import (
    axis_add,
    axis_update,
    family_delete,
    member_assign,
    member_remove,
    option_add,
    option_delete,
    workflow_archive,
    workflow_update,
)
from strategies.registry import STRATEGIES

pytestmark = pytest.mark.django_db


def seed(*arguments) -> str:
    out = StringIO()
    call_command("seed_catalogue", *arguments, stdout=out)
    return out.getvalue()


def rows():
    models = (Workflow, Family, Axis, Option, Member, MemberOption)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_seeding_twice_leaves_the_same_rows():
    seed()
    before = rows()
    assert seed() == "the demo catalogue is complete\n"
    assert rows() == before


def test_every_selection_of_every_demo_family_draws():
    seed()
    assert [family["key"] for family in catalogue_list(load_catalogue())] == list(FAMILIES)
    for family in load_catalogue():
        tuples = list(product(*(axis.values for axis in family.axes)))
        assert len(available_selections(family)) == len(tuples)
        # Adjusting calculates, and needs no model.
        used = {member.workflow.checkpoint for member in family.members} - {""}
        assert used == {"pocket:pocket-svd" if family.key == "motion" else "pocket:pocket-sdxl"}


def test_the_demo_families_reach_every_strategy():
    seed()
    reached = set(Member.objects.values_list("workflow__strategy", flat=True))
    assert reached == set(STRATEGIES)


def test_an_author_s_changes_survive_seeding():
    seed()
    family = Family.objects.get(key="shapes")
    workflow_update(workflow=Workflow.objects.get(key="pocket-remix"), description="mine")
    axis_update(axis=family.axes.get(key="quality"), default="fast")
    workflow_archive(workflow=Workflow.objects.get(key="pocket-fill"))
    before = rows()
    seed()
    assert rows() == before


def test_a_deleted_demo_family_comes_back():
    seed()
    family_delete(family=Family.objects.get(key="trace"))
    assert seed() == "written: trace\n"


def test_seeding_passes_over_what_an_author_has_closed():
    seed()
    workflow_archive(workflow=Workflow.objects.get(key="pocket-trace-lines"))
    family_delete(family=Family.objects.get(key="trace"))
    seed()
    assert [row.workflow.key for row in Family.objects.get(key="trace").members.all()] == [
        "pocket-trace-photo"
    ]


@pytest.fixture
def seeded_before(monkeypatch):
    """A catalogue seeded when Improve could not adjust yet, though the workflow was there."""
    today = FAMILIES["improve"]
    members = {values: workflow for values, workflow in today.members.items() if workflow != "adjust"}
    label, options = today.axes["task"]
    axes = {"task": (label, {value: text for value, text in options.items() if value != "adjust"})}
    with monkeypatch.context() as then:
        then.setitem(FAMILIES, "improve", replace(today, axes=axes, members=members))
        seed()
    return Family.objects.get(key="improve")


def held(family) -> dict[str, str]:
    return {member.workflow.key: member.selection["task"] for member in family.members.all()}


def test_what_the_demo_has_come_to_have_is_added_to_what_was_seeded_before(seeded_before):
    axis = seeded_before.axes.get()
    axis_update(axis=axis, display_name="Mine", default="faces")
    assert seed() == "written: improve\n"
    assert held(seeded_before)["adjust"] == "adjust"
    axis.refresh_from_db()
    assert (axis.display_name, axis.default_option.value) == ("Mine", "faces")
    assert axis.options.get(value="adjust").label == "Adjust"
    assert seed() == "the demo catalogue is complete\n"


def test_what_an_author_has_taken_away_stays_away(seeded_before):
    seed()
    member_remove(member=seeded_before.members.get(workflow__key="adjust"))
    before = rows()
    assert seed() == "the demo catalogue is complete\n"
    assert rows() == before


@pytest.mark.parametrize("change", ["an axis more", "the option taken away", "the place taken"])
def test_an_addition_that_does_not_fit_any_more_leaves_no_trace(seeded_before, change):
    axis = seeded_before.axes.get()
    if change == "an axis more":
        axis_add(family=seeded_before, key="mood", display_name="Mood", control="dropdown")
    else:
        option = option_add(axis=axis, value="adjust")
        if change == "the place taken":
            other = Workflow.objects.get(key="pocket-remix")
            member_assign(family=seeded_before, workflow=other, selection={"task": "adjust"})
        else:
            option_delete(option=option)
    before = rows()
    assert seed() == "the demo catalogue is complete\n"
    assert rows() == before


def test_the_defaults_of_a_picture_are_the_pocket_model_s_own():
    seed()
    fine = resolve("shapes", {}).contract.validate_inputs({"prompt": "a red circle on a blue background"})
    assert fine == {
        "prompt": "a red circle on a blue background",
        "negative_prompt": "",
        "width": 128,
        "height": 128,
        "num_inference_steps": 20,
        "guidance_scale": 3.0,
        "scheduler": "euler",
    }
    fast = resolve("shapes", {"quality": "fast"}).contract.validate_inputs({"prompt": "x"})
    assert fast["num_inference_steps"] == 8
    assert list(SCHEDULERS) == ["euler", "euler_a", "dpmpp_2m", "unipc", "ddim", "heun"]


def test_each_strategy_of_the_demo_has_one_default():
    seed()
    defaults = Workflow.objects.filter(is_default_for_strategy=True)
    assert {row.strategy for row in defaults} == {row.strategy for row in Workflow.objects.all()}
    assert defaults.get(strategy="generate").key == "pocket-solid-fine"


def test_the_benchmark_workflow_is_only_written_when_asked_for_and_in_no_family():
    seed()
    assert not Workflow.objects.filter(key="noop").exists()
    assert seed("--benchmarks") == "written: noop\n"
    noop = Workflow.objects.get(key="noop")
    assert (noop.generator, noop.state, noop.checkpoint) == ("mock", "published", "")
    assert not noop.memberships.exists()
