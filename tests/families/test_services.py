"""The rules of the families document, one test each."""

import pytest

from families import errors
from families.models import Axis, Family, Member, Option, Workflow
from families.services import (
    axis_delete,
    axis_update,
    family_create,
    family_update,
    member_assign,
    member_remove,
    member_retuple,
    option_add,
    option_delete,
    option_update,
    workflow_archive,
    workflow_delete,
    workflow_make_default,
    workflow_publish,
    workflow_update,
)

from .building import adult, draft, dropdown, family, member, published, toggle, without_outputs

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo():
    return family("photo", model="likeness realism", size="small large")


def version(of: Family) -> int:
    return Family.objects.get(pk=of.pk).version


def axis(of: Family, key: str) -> Axis:
    return of.axes.get(key=key)


def option(of: Family, key: str, value: str) -> Option:
    return axis(of, key).options.get(value=value)


# --- tuples -------------------------------------------------------------------------------------------
def test_a_member_is_stored_with_its_full_tuple(photo):
    stored = member(photo, "one", size="large", model="realism")
    assert stored.selection == {"model": "realism", "size": "large"}
    assert {row.axis.key: row.option.value for row in stored.options.all()} == stored.selection


@pytest.mark.parametrize("picks", [{}, {"model": "realism"}, {"model": "realism", "size": None}])
def test_a_tuple_with_a_blank_is_refused(photo, picks):
    with pytest.raises(errors.IncompleteTuple) as refusal:
        member_assign(family=photo, workflow=published("one"), selection=picks)
    assert ("tuple", "size") in [problem.loc for problem in refusal.value.errors]


def test_a_duplicate_tuple_is_refused_and_names_the_other_member(photo):
    member(photo, "one", model="realism", size="small")
    with pytest.raises(errors.DuplicateTuple) as refusal:
        member(photo, "two", model="realism", size="small")
    assert refusal.value.extra == {"workflow": "one"}
    assert "one" in refusal.value.detail


def test_two_families_may_use_the_same_tuple_and_the_same_workflow(photo):
    workflow = published("one")
    member(photo, workflow, model="realism", size="small")
    other = family("other", model="likeness realism", size="small large")
    stays = member(other, workflow, model="realism", size="small")
    member_remove(member=photo.members.get())
    assert list(Member.objects.all()) == [stays]


def test_a_family_holds_a_workflow_at_most_once(photo):
    workflow = published("one")
    member(photo, workflow, model="realism", size="small")
    with pytest.raises(errors.WorkflowAlreadyMember):
        member(photo, workflow, model="realism", size="large")


def test_unknown_axes_and_options_are_refused_by_name(photo):
    with pytest.raises(errors.UnknownAxis) as refusal:
        member(photo, "one", model="realism", size="small", mood="calm")
    assert refusal.value.loc == ("tuple", "mood")
    with pytest.raises(errors.UnknownOption) as refusal:
        member(photo, "two", model="realism", size="huge")
    assert refusal.value.loc == ("tuple", "size")


def test_a_family_without_axes_holds_one_member():
    plain = family("plain")
    member(plain, "one")
    with pytest.raises(errors.DuplicateTuple):
        member(plain, "two")


def test_a_member_can_be_given_another_tuple_and_its_own_again(photo):
    stored = member(photo, "one", model="realism", size="small")
    member_retuple(member=stored, selection={"model": "realism", "size": "small"})
    moved = member_retuple(member=stored, selection={"model": "likeness", "size": "large"})
    assert moved.selection == {"model": "likeness", "size": "large"}
    option_delete(option=option(photo, "model", "realism"))


def test_a_member_cannot_take_the_tuple_of_another(photo):
    member(photo, "one", model="realism", size="small")
    two = member(photo, "two", model="realism", size="large")
    with pytest.raises(errors.DuplicateTuple):
        member_retuple(member=two, selection={"model": "realism", "size": "small"})


# --- which workflows may join -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: draft("one"), "is a draft"),
        (lambda: workflow_archive(workflow=published("one")), "is archived"),
        (lambda: without_outputs(published("one")), "does not expose image or video outputs"),
    ],
)
def test_only_a_published_workflow_that_makes_media_may_join(photo, make, reason):
    with pytest.raises(errors.WorkflowUnavailable) as refusal:
        member(photo, make(), model="realism", size="small")
    assert refusal.value.extra == {"reasons": [reason]}


# --- deleting what is in use --------------------------------------------------------------------------
def test_an_axis_in_use_cannot_be_deleted_until_its_members_are_gone(photo):
    stored = member(photo, "one", model="realism", size="small")
    with pytest.raises(errors.AxisInUse) as refusal:
        axis_delete(axis=axis(photo, "model"))
    assert refusal.value.extra == {"members": ["one"]}
    member_remove(member=stored)
    axis_delete(axis=axis(photo, "model"))
    assert [left.key for left in photo.axes.all()] == ["size"]


def test_an_option_in_use_cannot_be_deleted(photo):
    member(photo, "one", model="realism", size="small")
    with pytest.raises(errors.OptionInUse) as refusal:
        option_delete(option=option(photo, "model", "realism"))
    assert refusal.value.extra == {"members": ["one"]}


def test_a_new_axis_may_go_again_while_no_member_has_a_value_for_it(photo):
    member(photo, "one", model="realism", size="small")
    axis_delete(axis=dropdown(photo, "mood", "calm"))


# --- axes, options, defaults --------------------------------------------------------------------------
def test_the_first_option_is_the_default_unless_another_is_named(photo):
    assert axis(photo, "model").default_option.value == "likeness"
    assert dropdown(photo, "mood", "calm wild", default="wild").default_option.value == "wild"
    empty = dropdown(photo, "later", "")
    assert empty.default_option is None
    first = option_add(axis=empty, value="first")
    assert axis(photo, "later").default_option == first


def test_a_default_outside_the_options_is_refused(photo):
    with pytest.raises(errors.InvalidDefault) as refusal:
        dropdown(photo, "mood", "calm", default="wild")
    assert refusal.value.loc == ("default",)
    with pytest.raises(errors.InvalidDefault):
        axis_update(axis=axis(photo, "model"), default="small")
    assert not photo.axes.filter(key="mood").exists()


def test_a_default_option_cannot_be_deleted_before_another_is_chosen(photo):
    with pytest.raises(errors.InvalidDefault):
        option_delete(option=option(photo, "model", "likeness"))
    axis_update(axis=axis(photo, "model"), default="realism")
    option_delete(option=option(photo, "model", "likeness"))
    option_delete(option=option(photo, "model", "realism"))
    assert axis(photo, "model").default_option is None


def test_a_toggle_has_at_most_two_options(photo):
    with pytest.raises(errors.ToggleOptions):
        toggle(photo, "hd", "off on maybe")
    hd = toggle(photo, "hd")
    with pytest.raises(errors.ToggleOptions):
        option_add(axis=hd, value="maybe")
    option_add(axis=axis(photo, "size"), value="huge")
    with pytest.raises(errors.ToggleOptions):
        axis_update(axis=axis(photo, "size"), control=Axis.Control.TOGGLE)


def test_a_toggle_cannot_be_used_before_it_has_two_options():
    single = family("single")
    hd = toggle(single, "hd", "off")
    with pytest.raises(errors.ToggleOptions):
        member(single, "one", hd="off")
    option_add(axis=hd, value="on")
    member(single, "two", hd="off")


def test_a_toggle_in_use_keeps_both_options():
    single = family("single")
    toggle(single, "hd")
    member(single, "one", hd="off")
    with pytest.raises(errors.ToggleOptions):
        option_delete(option=option(single, "hd", "on"))


@pytest.mark.parametrize("key", ["", "Two Words", "UPPER", "x" * 81])
def test_a_key_that_is_no_slug_is_refused_on_its_field(key):
    with pytest.raises(errors.InvalidFields) as refusal:
        family_create(key=key, display_name="X")
    assert refusal.value.loc == ("key",)


def test_taken_keys_are_refused(photo):
    for again in (
        lambda: family_create(key="photo", display_name="Again"),
        lambda: dropdown(photo, "model", "x"),
        lambda: option_add(axis=axis(photo, "model"), value="realism"),
        lambda: draft("one") and draft("one"),
    ):
        with pytest.raises(errors.DuplicateKey):
            again()


def test_new_axes_and_options_come_last(photo):
    dropdown(photo, "aaa", "x")
    option_add(axis=axis(photo, "model"), value="aaa")
    assert [row.key for row in photo.axes.all()] == ["model", "size", "aaa"]
    assert [row.value for row in axis(photo, "model").options.all()] == ["likeness", "realism", "aaa"]


# --- the default selection is kept SFW ----------------------------------------------------------------
def test_an_adult_workflow_cannot_join_at_the_default_selection(photo):
    with pytest.raises(errors.AdultDefault) as refusal:
        member(photo, adult("hot"), model="likeness", size="small")
    assert (refusal.value.code, refusal.value.loc) == ("invalid_default", ("workflow",))
    member(photo, adult("hotter"), model="realism", size="small")


def test_a_default_cannot_move_to_an_adult_workflow(photo):
    member(photo, adult("hot"), model="realism", size="small")
    with pytest.raises(errors.AdultDefault):
        axis_update(axis=axis(photo, "model"), default="realism")
    assert axis(photo, "model").default_option.value == "likeness"


def test_an_adult_member_cannot_move_to_the_default_selection(photo):
    hot = member(photo, adult("hot"), model="realism", size="small")
    with pytest.raises(errors.AdultDefault):
        member_retuple(member=hot, selection={"model": "likeness", "size": "small"})


def test_the_workflow_of_a_default_selection_cannot_become_adult(photo):
    workflow = published("one")
    member(photo, workflow, model="likeness", size="small")
    with pytest.raises(errors.AdultDefault) as refusal:
        workflow_update(workflow=workflow, rating=Workflow.Rating.ADULT)
    assert refusal.value.loc == ("rating",)
    assert Workflow.objects.get().rating == "sfw"


def test_deleting_an_axis_cannot_uncover_an_adult_default(photo):
    member(photo, adult("hot"), model="realism", size="small")
    mood = dropdown(photo, "mood", "calm")
    axis_update(axis=axis(photo, "model"), default="realism")  # the new axis keeps the member out of reach
    with pytest.raises(errors.AdultDefault):
        axis_delete(axis=mood)
    assert photo.axes.filter(key="mood").exists()


# --- versions -----------------------------------------------------------------------------------------
def test_every_change_of_a_family_raises_its_version(photo):
    stored = member(photo, "one", model="realism", size="small")
    changes = [
        lambda: family_update(family=photo, display_name="New"),
        lambda: dropdown(photo, "mood", "calm"),
        lambda: axis_update(axis=axis(photo, "mood"), display_name="Mood"),
        lambda: option_add(axis=axis(photo, "mood"), value="wild"),
        lambda: option_update(option=option(photo, "mood", "wild"), label="Wild!"),
        lambda: option_delete(option=option(photo, "mood", "wild")),
        lambda: member_retuple(
            member=stored, selection={"model": "realism", "size": "large", "mood": "calm"}
        ),
        lambda: member_remove(member=stored),
        lambda: axis_delete(axis=axis(photo, "mood")),
        lambda: member(photo, "two", model="realism", size="small"),
    ]
    for change in changes:
        before = version(photo)
        change()
        assert version(photo) == before + 1


def test_a_refused_change_leaves_the_version(photo):
    before = version(photo)
    with pytest.raises(errors.DuplicateKey):
        dropdown(photo, "model", "x")
    assert version(photo) == before


# --- workflows ----------------------------------------------------------------------------------------
def test_publishing_opens_a_workflow_under_a_new_version():
    workflow = draft("one")
    opened = workflow_publish(workflow=workflow)
    assert (opened.state, opened.version) == ("published", workflow.version + 1)
    assert workflow_publish(workflow=opened).version == opened.version


def test_an_invalid_contract_is_never_published():
    workflow = draft("one")
    Workflow.objects.update(contract={"inputs": [{"key": "x"}]})
    with pytest.raises(errors.InvalidContract):
        workflow_publish(workflow=workflow)
    assert Workflow.objects.get().state == "draft"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"contract": {"inputs": 3}}, errors.InvalidContract),
        ({"loras": [{"weight": 1}]}, errors.InvalidRecipe),
        ({"controlnets": "x"}, errors.InvalidRecipe),
        ({"price": -1}, errors.InvalidFields),
        ({"rating": "nsfw"}, errors.InvalidFields),
    ],
)
def test_a_workflow_with_an_invalid_part_is_not_stored(fields, error):
    with pytest.raises(error):
        draft("one", **fields)
    assert not Workflow.objects.exists()


def test_changing_a_published_workflow_raises_its_version_and_a_draft_s_not():
    assert workflow_update(workflow=draft("one"), description="x").version == 1
    opened = published("two")
    assert workflow_update(workflow=opened, description="x").version == opened.version + 1


def test_state_and_version_are_not_fields_to_author():
    with pytest.raises(TypeError):
        draft("one", state="published")


def test_a_strategy_s_default_moves_from_one_workflow_to_another():
    first, second = published("first"), published("second")
    workflow_make_default(workflow=first)
    workflow_make_default(workflow=second)
    assert [row.key for row in Workflow.objects.filter(is_default_for_strategy=True)] == ["second"]


def test_a_draft_cannot_be_a_strategy_s_default():
    with pytest.raises(errors.WorkflowUnavailable):
        workflow_make_default(workflow=draft("one"))


def test_a_workflow_that_changes_its_strategy_is_no_longer_the_default():
    workflow = workflow_make_default(workflow=published("one"))
    assert not workflow_update(workflow=workflow, strategy="subject_generate").is_default_for_strategy


def test_a_workflow_in_a_family_cannot_be_deleted(photo):
    stored = member(photo, "one", model="realism", size="small")
    with pytest.raises(errors.WorkflowInUse) as refusal:
        workflow_delete(workflow=stored.workflow)
    assert refusal.value.extra == {"families": ["photo"]}
    member_remove(member=stored)
    workflow_delete(workflow=stored.workflow)
