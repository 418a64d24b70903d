"""The answers of the catalogue, from rows to the shapes of the API."""

from decimal import Decimal

import pytest

from families import errors
from families.catalogue import catalogue_family, catalogue_list, resolve
from families.selectors import load_catalogue, load_family
from families.services import workflow_archive, workflow_update

from .building import (
    NEEDED,
    adult,
    dropdown,
    family,
    image_contract,
    member,
    published,
    spec,
    toggle,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo():
    photo = family("photo", model="likeness realism")
    toggle(photo, "is_nsfw")
    member(photo, published("plain", price=Decimal("0.02")), model="likeness", is_nsfw="off")
    member(photo, adult("hot"), model="realism", is_nsfw="on")
    return photo


def availability(answer):
    return {
        (axis["key"], option["value"]): option["available"]
        for axis in answer["axes"]
        for option in axis["options"]
    }


def test_the_list_has_every_family_in_the_shape_of_the_api(photo):
    assert catalogue_list(load_catalogue()) == [
        {
            "key": "photo",
            "display_name": "Photo",
            "description": "",
            "version": photo.__class__.objects.get().version,
            "available": True,
            "default_selection": {"model": "likeness", "is_nsfw": "off"},
            "axes": [
                {
                    "key": "model",
                    "display_name": "Model",
                    "control": "dropdown",
                    "default": "likeness",
                    "options": [
                        {"value": "likeness", "label": "likeness", "selected": True, "available": True},
                        {
                            "value": "realism",
                            "label": "realism",
                            "selected": False,
                            "available": False,
                            "unavailable_reason": "Nothing is made for this together with the other picks. "
                            "It works with Is_Nsfw: on.",
                        },
                    ],
                },
                {
                    "key": "is_nsfw",
                    "display_name": "Is_Nsfw",
                    "control": "toggle",
                    "default": "off",
                    "options": [
                        {"value": "off", "label": "off", "selected": True, "available": True},
                        {
                            "value": "on",
                            "label": "on",
                            "selected": False,
                            "available": False,
                            "unavailable_reason": "Nothing is made for this together with the other picks. "
                            "It works with Model: realism.",
                        },
                    ],
                },
            ],
        }
    ]


def test_picks_move_what_is_reachable(photo):
    answer = catalogue_family(load_family("photo"), {"model": "realism"})
    assert answer["selection"] == {"model": "realism", "is_nsfw": "off"}
    assert availability(answer) == {
        ("model", "likeness"): True,
        ("model", "realism"): False,
        ("is_nsfw", "off"): False,
        ("is_nsfw", "on"): True,
    }
    assert answer["resolved"]["workflow"] is None
    assert not answer["resolved"]["available"]
    assert "model=realism, is_nsfw=off" in answer["resolved"]["reasons"][0]


def test_the_rating_is_the_workflow_s_own_whatever_the_toggle_says(photo):
    workflow = photo.members.get(workflow__key="hot").workflow
    assert resolve("photo", {"model": "realism", "is_nsfw": "on"}).rating == "adult"
    workflow_update(workflow=workflow, rating="sfw")
    assert resolve("photo", {"model": "realism", "is_nsfw": "on"}).rating == "sfw"


def test_resolving_carries_the_rows_the_price_and_the_form(photo):
    resolution = resolve("photo", {})
    assert (resolution.family, resolution.workflow.key) == (photo, "plain")
    answer = resolution.form({"prompt": "a hat"}, num_predictions=3)
    assert answer["selection"] == {"model": "likeness", "is_nsfw": "off"}
    assert answer["price"] == Decimal("0.06")
    assert answer["resolved"] == {
        "workflow": "plain",
        "version": resolution.workflow.version,
        "strategy": "generate",
        "rating": "sfw",
        "available": True,
        "reasons": [],
    }
    values = {descriptor["key"]: descriptor["value"] for descriptor in answer["descriptors"]}
    assert values == {"model": "likeness", "is_nsfw": "off", "prompt": "a hat", **NEEDED}


def test_resolving_names_what_is_wrong(photo):
    with pytest.raises(errors.UnknownFamily):
        resolve("nothing", {})
    with pytest.raises(errors.UnknownAxis):
        resolve("photo", {"mood": "calm"})
    with pytest.raises(errors.UnknownOption):
        resolve("photo", {"model": "cubism"})
    with pytest.raises(errors.NoMember) as refusal:
        resolve("photo", {"model": "realism"})
    assert {"model": "realism", "is_nsfw": "on"} in refusal.value.extra["nearest"]
    with pytest.raises(errors.InvalidInputs):
        resolve("photo", {}).form({"prompt": 3})


def test_an_archived_member_is_shown_as_unavailable_and_the_family_stays_usable(photo):
    workflow_archive(workflow=photo.members.get(workflow__key="plain").workflow)
    answer = catalogue_family(load_family("photo"), {})
    assert answer["available"]
    assert answer["resolved"]["reasons"] == ["is archived"]
    assert answer["resolved"]["workflow"] == "plain"
    assert answer["resolved"]["nearest"] == [{"model": "realism", "is_nsfw": "on"}]
    with pytest.raises(errors.MemberUnavailable):
        resolve("photo", {})


def test_a_new_axis_takes_the_family_down_until_members_are_given_a_tuple_again(photo):
    dropdown(photo, "mood", "calm")
    answer = catalogue_family(load_family("photo"), {})
    assert not answer["available"]
    assert not any(availability(answer).values())


def test_members_are_loaded_in_the_order_of_their_workflows_names():
    loaded = family("photo", model="a b c")
    for name, value in (("zebra", "a"), ("ant", "b"), ("mole", "c")):
        member(loaded, name, model=value)
    assert [row.workflow.key for row in load_family("photo").members] == ["ant", "mole", "zebra"]


# --- descriptors --------------------------------------------------------------------------------------
CONTRACT = image_contract(
    spec(
        "prompt", "text", label="Prompt", help="What to draw", required=True, placement="prompt",
        max_length=200,
    ),
    spec("num_inference_steps", integer=True, minimum=1, maximum=50, default=20, placement="advanced"),
    spec(
        "aspect_ratio", "aspect_ratio", default="1:1",
        options=[{"value": "1:1"}, {"value": "16:9", "label": "Wide"}],
    ),
)  # fmt: skip


def descriptors(of, picks=None):
    return {
        descriptor["key"]: descriptor
        for descriptor in catalogue_family(load_family(of), picks or {})["descriptors"]
    }


def test_inputs_become_descriptors_with_their_constraints():
    member(family("photo"), published("one", contract=CONTRACT))
    found = descriptors("photo")
    assert found["prompt"] == {
        "kind": "text", "key": "prompt", "label": "Prompt", "help": "What to draw", "source": "input",
        "default": None, "value": None, "required": True, "constraints": {"max_length": 200},
        "placement": "prompt", "reserved": False,
    }  # fmt: skip
    assert found["num_inference_steps"]["constraints"] == {"minimum": 1, "maximum": 50, "integer": True}
    assert (found["num_inference_steps"]["default"], found["num_inference_steps"]["value"]) == (20, 20)
    assert found["aspect_ratio"]["reserved"]
    assert found["aspect_ratio"]["options"][1] == {
        "value": "16:9", "label": "Wide", "selected": False, "available": True,
    }  # fmt: skip


def test_axes_become_descriptors_and_reserved_keys_get_their_place():
    photo = family("photo", input_model="likeness realism", aspect_ratio="1:1 16:9")
    toggle(photo, "is_nsfw")
    member(photo, "one", input_model="likeness", aspect_ratio="1:1", is_nsfw="off")
    found = descriptors("photo", {"input_model": "realism"})
    assert [(row["key"], row["kind"], row["placement"], row["reserved"]) for row in found.values()][:3] == [
        ("input_model", "dropdown", "prompt", True),
        ("aspect_ratio", "aspect_ratio", "main", True),
        ("is_nsfw", "toggle", "main", True),
    ]
    assert (found["input_model"]["source"], found["input_model"]["value"]) == ("axis", "realism")
    assert found["input_model"]["options"][0]["available"]
    assert not found["is_nsfw"]["options"][0]["available"]


def test_an_axis_hides_the_input_of_the_same_key():
    photo = family("photo", aspect_ratio="1:1 16:9")
    member(photo, published("one", contract=CONTRACT), aspect_ratio="1:1")
    rows = [
        row
        for row in catalogue_family(load_family("photo"), {})["descriptors"]
        if row["key"] == "aspect_ratio"
    ]
    assert [row["source"] for row in rows] == ["axis"]


def test_the_pick_of_an_axis_fills_the_input_of_the_same_key():
    photo = family("photo", aspect_ratio="1:1 16:9 2:1")
    for number, ratio in enumerate(("1:1", "16:9", "2:1")):
        member(photo, published(f"w{number}", contract=CONTRACT), aspect_ratio=ratio)
    wide = resolve("photo", {"aspect_ratio": "16:9"})
    assert wide.with_picks({"prompt": "a hat"}) == {"prompt": "a hat", "aspect_ratio": "16:9"}
    assert wide.with_picks({"aspect_ratio": "16:9"}) == {"aspect_ratio": "16:9"}
    # The contract has no 2:1: its own default stands, as the author of this member has chosen it.
    assert resolve("photo", {"aspect_ratio": "2:1"}).with_picks({}) == {}


def test_an_input_may_not_contradict_the_pick_of_the_same_key():
    photo = family("photo", aspect_ratio="1:1 16:9", mood="calm")
    member(photo, published("one", contract=CONTRACT), aspect_ratio="16:9", mood="calm")
    resolution = resolve("photo", {"aspect_ratio": "16:9"})
    with pytest.raises(errors.InvalidInputs, match="put it into the selection") as refusal:
        resolution.form({"aspect_ratio": "1:1", "mood": "calm"})
    assert [problem.loc for problem in refusal.value.errors] == [
        ("inputs", "aspect_ratio"),
        ("inputs", "mood"),
    ]


def test_descriptors_change_with_the_workflow():
    photo = family("photo", model="simple rich")
    member(photo, "one", model="simple")
    member(photo, published("two", contract=CONTRACT), model="rich")
    assert list(descriptors("photo", {"model": "simple"})) == ["model", "prompt", *NEEDED]
    rich = descriptors("photo", {"model": "rich"})
    assert set(rich) == {"model", "prompt", *NEEDED, "aspect_ratio"}
    assert rich["num_inference_steps"]["value"] == 20
