"""What the database itself refuses, whoever writes to it."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import RestrictedError

from families.models import Axis, Family, Member, MemberOption, Option, Workflow
from families.services import axis_add, family_delete

from .building import dropdown, family, member, published, toggle

pytestmark = pytest.mark.django_db


def refused(write, constraint: str = ""):
    """Run a write as a transaction, deferred constraints included, and expect the database to refuse."""
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        write()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert constraint in refusal.value.__cause__.diag.constraint_name


@pytest.fixture
def photo():
    return family("photo", model="likeness realism", size="small large")


def test_one_workflow_joins_a_family_once(photo):
    workflow = published("one")
    member(photo, workflow, model="likeness", size="small")
    refused(lambda: Member.objects.create(family=photo, workflow=workflow), "workflow_once_per_family")


def test_one_tuple_belongs_to_one_member_whatever_its_spelling(photo):
    member(photo, "one", model="likeness", size="small")
    again = {"size": "small", "model": "likeness"}
    refused(
        lambda: Member.objects.create(family=photo, workflow=published("two"), selection=again),
        "tuple_once_per_family",
    )


def test_a_selection_must_spell_the_options_of_its_member(photo):
    lie = {"model": "realism", "size": "large"}
    stored = member(photo, "one", model="likeness", size="small")
    refused(lambda: Member.objects.filter(pk=stored.pk).update(selection=lie), "member_tuple_is_spelled")
    refused(lambda: stored.options.all().delete(), "member_tuple_is_spelled")
    refused(
        lambda: Member.objects.create(family=photo, workflow=published("two"), selection=lie),
        "member_tuple_is_spelled",
    )


def test_a_member_has_one_option_per_axis(photo):
    stored = member(photo, "one", model="likeness", size="small")
    held = stored.options.get(axis__key="model")
    other = Option.objects.get(value="realism")
    refused(
        lambda: MemberOption.objects.create(family=photo, member=stored, axis=held.axis, option=other),
        "one_option_per_member_and_axis",
    )


def test_an_option_must_belong_to_the_axis_it_is_held_for(photo):
    stored = member(photo, "one", model="likeness", size="small")
    foreign = Option.objects.get(value="large")

    def hold_foreign_option():
        stored.options.filter(axis__key="model").update(option=foreign)
        Member.objects.update(selection={"model": "large", "size": "small"})

    refused(hold_foreign_option, "member_option_on_axis")


def test_a_member_cannot_hold_an_axis_of_another_family(photo):
    stored = member(photo, "one", model="likeness", size="small")
    foreign = dropdown(family("other"), "style", "plain")

    def hold_foreign_axis():
        MemberOption.objects.create(family=photo, member=stored, axis=foreign, option=foreign.options.get())
        Member.objects.update(selection={**stored.selection, "style": "plain"})

    refused(hold_foreign_axis, "member_axis_in_family")


def test_a_default_must_be_one_of_the_axis_s_own_options(photo):
    foreign = Option.objects.get(value="small")

    def start_at_a_foreign_option():
        Axis.objects.filter(key="size").update(default_option=Option.objects.get(value="large"))
        Axis.objects.filter(key="model").update(default_option=foreign)

    refused(start_at_a_foreign_option, "default_option_on_axis")


def test_an_axis_with_options_has_a_default(photo):
    refused(lambda: photo.axes.update(default_option=None), "axis_has_a_default")
    empty = axis_add(family=photo, key="mood", display_name="Mood", control="dropdown")
    refused(lambda: Option.objects.create(axis=empty, value="calm"), "axis_has_a_default")


@pytest.mark.parametrize(
    "break_it",
    [
        lambda axis: Option.objects.create(axis=axis, value="maybe"),
        lambda axis: axis.options.filter(uses=None).delete(),
    ],
    ids=["a third", "only one"],
)
def test_a_toggle_has_two_options(photo, break_it):
    axis = toggle(photo, "bold", "off on", default="on")
    member(photo, "one", model="realism", size="small", bold="on")
    refused(lambda: break_it(axis), "toggle_has_two_options")


def test_an_axis_of_three_options_cannot_become_a_toggle(photo):
    mood = dropdown(photo, "mood", "calm wild odd")
    refused(lambda: Axis.objects.filter(pk=mood.pk).update(control="toggle"), "toggle_has_two_options")


def test_a_new_member_sets_every_axis(photo):
    half = {"model": "likeness"}
    refused(
        lambda: Member.objects.create(family=photo, workflow=published("one"), selection=half),
        "member_tuple_sets_every_axis",
    )


def test_a_tuple_loses_no_axis_and_an_axis_that_comes_later_is_allowed_to_lack(photo):
    stored = member(photo, "one", model="likeness", size="small")

    def lose_an_axis():
        stored.options.filter(axis__key="size").delete()
        Member.objects.update(selection={"model": "likeness"})

    refused(lose_an_axis, "member_tuple_sets_every_axis")
    dropdown(photo, "mood", "calm")
    connection.check_constraints()


DEFAULT, OTHER = {"model": "likeness", "size": "small"}, {"model": "realism", "size": "small"}


@pytest.mark.parametrize(
    ("rating", "held", "break_it"),
    [
        ("sfw", DEFAULT, lambda: Workflow.objects.update(rating="adult")),
        ("adult", OTHER, lambda: start_at("realism")),
        ("adult", OTHER, lambda: hold("likeness")),
    ],
    ids=["the rating", "the default", "the tuple"],
)
def test_the_default_selection_is_not_adult(photo, rating, held, break_it):
    member(photo, published("one", rating=rating), **held)
    refused(break_it, "default_selection_is_sfw")


def start_at(value):
    Axis.objects.filter(key="model").update(default_option=Option.objects.get(value=value))


def hold(value):
    MemberOption.objects.filter(axis__key="model").update(option=Option.objects.get(value=value))
    Member.objects.update(selection={"model": value, "size": "small"})


@pytest.mark.parametrize(
    ("model", "column"), [(Family, "key"), (Axis, "key"), (Option, "value"), (Workflow, "key")]
)
def test_what_clients_spell_is_never_renamed(photo, model, column):
    published("one")
    row = model.objects.first()
    refused(lambda: model.objects.filter(pk=row.pk).update(**{column: "other"}), "name_is_fixed")


BY_HAND = {
    "option": "DELETE FROM families_option WHERE value = 'realism'",
    "axis": "UPDATE families_axis SET default_option_id = NULL; DELETE FROM families_option; "
    "DELETE FROM families_axis",
}


@pytest.mark.parametrize("statements", BY_HAND.values(), ids=BY_HAND)
def test_what_a_member_uses_cannot_be_deleted_even_by_hand(photo, statements):
    member(photo, "one", model="realism", size="large")

    def delete():
        with connection.cursor() as cursor:
            cursor.execute(statements)

    refused(delete, "member")


def test_django_does_not_delete_what_a_member_uses(photo):
    member(photo, "one", model="realism", size="large")
    with pytest.raises(RestrictedError):
        photo.axes.get(key="model").delete()
    with pytest.raises(RestrictedError):
        Option.objects.get(value="realism").delete()


def test_a_family_is_deleted_with_everything_in_it(photo):
    member(photo, "one", model="likeness", size="small")
    family_delete(family=photo)
    assert [rows.objects.count() for rows in (Family, Axis, Option, Member, MemberOption)] == [0] * 5
    assert Workflow.objects.count() == 1


def test_keys_are_unique(photo):
    axis = photo.axes.get(key="model")
    refused(lambda: Family.objects.create(key="photo"), "families_family_key")
    refused(lambda: Axis.objects.create(family=photo, key="model"), "axis_key_once_per_family")
    refused(lambda: Option.objects.create(axis=axis, value="realism"), "option_value_once_per_axis")
    published("one")
    refused(lambda: Workflow.objects.create(key="one"), "families_workflow_key")


@pytest.mark.parametrize("key", ["", "With Space", "UPPER", "ümlaut", "line\n", "a/b"])
def test_a_key_is_a_slug(photo, key):
    refused(lambda: Family.objects.create(key=key), "family_key_pattern")
    refused(lambda: Workflow.objects.create(key=key), "workflow_key_pattern")
    refused(lambda: Axis.objects.create(family=photo, key=key), "axis_key_pattern")


@pytest.mark.parametrize("value", ["", "two words", "a/b", "line\n"])
def test_an_option_s_value_has_no_spaces_and_slashes(photo, value):
    axis = photo.axes.get(key="model")
    refused(lambda: Option.objects.create(axis=axis, value=value), "option_value_pattern")


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"rating": "nsfw"}, "workflow_rating_known"),
        ({"state": "open"}, "workflow_state_known"),
        ({"price": -1}, "workflow_price_not_negative"),
    ],
)
def test_a_workflow_holds_known_words_and_no_negative_price(fields, constraint):
    refused(lambda: Workflow.objects.create(key="one", **fields), constraint)


def test_an_axis_is_a_toggle_or_a_dropdown(photo):
    refused(lambda: Axis.objects.create(family=photo, key="a", control="slider"), "axis_control_known")


def test_a_strategy_has_one_default_workflow():
    Workflow.objects.create(key="one", is_default_for_strategy=True)
    Workflow.objects.create(key="other-strategy", strategy="edit", is_default_for_strategy=True)
    refused(
        lambda: Workflow.objects.create(key="two", is_default_for_strategy=True),
        "one_default_workflow_per_strategy",
    )
