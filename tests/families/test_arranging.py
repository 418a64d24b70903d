"""An axis with all its options at once, and the tuples of many members at once."""

import pytest

from families.completeness import completeness
from families.errors import (
    AdultDefault,
    CatalogueError,
    DuplicateKey,
    DuplicateTuple,
    IncompleteTuple,
    InvalidDefault,
    OptionInUse,
    StaleVersion,
    ToggleOptions,
    UnknownWorkflow,
)
from families.history import family_history
from families.models import Axis, Family
from families.services import axis_arrange, axis_fill, members_retuple
from families.services.axes import NewOption

from .building import adult, dropdown, family, member, toggle

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo():
    return family("photo", model="likeness realism", size="small large")


def options(*values):
    return [NewOption(value, value.title()) for value in values]


def values_of(axis):
    return [(option.value, option.label) for option in axis.options.all()]


def tuples_of(photo):
    return {each.workflow.key: each.selection for each in photo.members.select_related("workflow")}


# --- an axis with its options -------------------------------------------------------------------------
def test_options_come_go_and_move_in_one_change(photo):
    axis = photo.axes.get(key="model")
    version = Family.objects.get().version
    axis_arrange(axis=axis, options=options("cubism", "likeness"), display_name="Style")
    axis.refresh_from_db()
    assert (axis.display_name, values_of(axis)) == ("Style", [("cubism", "Cubism"), ("likeness", "Likeness")])
    assert Family.objects.get().version == version + 1


def test_a_toggle_may_trade_one_option_for_another_while_members_use_it(photo):
    hd = toggle(photo, "hd")
    member(photo, "one", model="realism", size="small", hd="off")
    axis_arrange(axis=hd, options=options("off", "max"))
    assert [value for value, _ in values_of(hd)] == ["off", "max"]


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"options": options("likeness")}, OptionInUse, "value"),
        ({"options": options("realism")}, InvalidDefault, "default"),
        ({"options": options("likeness", "realism"), "default": "cubism"}, InvalidDefault, "default"),
        ({"options": options("likeness", "realism", "realism")}, DuplicateKey, "options"),
        (
            {"options": options("likeness", "realism", "cubism"), "control": "toggle"},
            ToggleOptions,
            "options",
        ),
    ],
)
def test_what_breaks_a_rule_changes_nothing(photo, change, error, field):
    member(photo, "one", model="realism", size="small")
    axis = photo.axes.get(key="model")
    with pytest.raises(error) as refusal:
        axis_arrange(axis=axis, **change)
    assert refusal.value.loc == (field,)
    assert len(values_of(axis)) == 2
    assert Axis.objects.get(pk=axis.pk).control == "dropdown"


# --- many members -------------------------------------------------------------------------------------
@pytest.fixture
def grown(photo):
    """Two members, and then an axis that makes both incomplete."""
    for name, size in (("one", "small"), ("two", "large")):
        member(photo, name, model="realism", size=size)
    dropdown(photo, "mood", "calm wild")
    return photo


def test_filling_a_new_axis_makes_every_member_complete_again(grown):
    assert len(completeness("photo")["incomplete"]) == 2
    axis_fill(axis=grown.axes.get(key="mood"), value="wild")
    assert completeness("photo")["incomplete"] == []
    assert tuples_of(grown)["one"] == {"model": "realism", "size": "small", "mood": "wild"}
    assert {use.option.value for use in grown.axes.get(key="mood").uses.all()} == {"wild"}


def test_a_member_that_has_a_value_keeps_it(grown):
    members_retuple(family=grown, selections={"one": {"model": "realism", "size": "small", "mood": "calm"}})
    axis_fill(axis=grown.axes.get(key="mood"), value="wild")
    assert tuples_of(grown)["one"]["mood"] == "calm"
    assert tuples_of(grown)["two"]["mood"] == "wild"


def test_filling_never_makes_the_default_selection_adult(photo):
    dropdown(photo, "mood", "calm wild")
    member(photo, adult("hot"), model="likeness", size="small", mood="wild")
    extra = dropdown(photo, "tone", "warm cold")
    axis_fill(axis=extra, value="warm")
    with pytest.raises(AdultDefault):
        members_retuple(
            family=photo,
            selections={"hot": {"model": "likeness", "size": "small", "mood": "calm", "tone": "warm"}},
        )
    assert tuples_of(photo)["hot"]["mood"] == "wild"


def test_two_members_may_swap_their_tuples(photo):
    member(photo, "one", model="realism", size="small")
    member(photo, "two", model="realism", size="large")
    before = tuples_of(photo)
    members_retuple(family=photo, selections={"one": before["two"], "two": before["one"]})
    assert tuples_of(photo) == {"one": before["two"], "two": before["one"]}


def test_every_blank_of_every_member_is_blamed_and_none_is_written(grown):
    with pytest.raises(IncompleteTuple) as refusal:
        members_retuple(
            family=grown,
            selections={
                "one": {"model": "realism", "size": "small"},
                "two": {"model": "realism", "size": "large", "mood": "calm"},
            },
        )
    assert [problem.loc for problem in refusal.value.errors] == [("tuples", "one", "mood")]
    assert all("mood" not in selection for selection in tuples_of(grown).values())


def test_a_tuple_that_another_member_holds_is_refused_by_name(grown):
    same = {"model": "realism", "size": "small", "mood": "calm"}
    with pytest.raises(DuplicateTuple) as refusal:
        members_retuple(family=grown, selections={"one": same, "two": same})
    assert refusal.value.extra == {"workflow": "one"}
    assert refusal.value.errors[0].loc == ("tuples", "two")


@pytest.mark.parametrize(
    ("selections", "error"),
    [
        ({"nobody": {"model": "realism", "size": "small"}}, UnknownWorkflow),
        ({"one": {"model": "oil", "size": "small"}}, CatalogueError),
    ],
)
def test_what_is_unknown_is_refused(photo, selections, error):
    member(photo, "one", model="realism", size="small")
    with pytest.raises(error) as refusal:
        members_retuple(family=photo, selections=selections)
    assert refusal.value.loc[:2] == ("tuples", next(iter(selections)))


def test_an_older_version_of_the_family_is_refused(grown):
    with pytest.raises(StaleVersion):
        axis_fill(axis=grown.axes.get(key="mood"), value="wild", expected_version=1)


def test_bulk_changes_are_in_the_history(grown):
    axis_fill(axis=grown.axes.get(key="mood"), value="wild")
    told = [str(change) for change in family_history(grown).changes]
    assert "changed the member “one” (tuple)" in told
    assert "changed the member “two” (tuple)" in told
