"""Resolution against brute force, without a database."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from families.errors import MemberUnavailable, NoMember, UnknownAxis, UnknownOption
from families.models import Family, Workflow
from families.resolution import (
    NEAREST,
    LoadedAxis,
    LoadedFamily,
    LoadedMember,
    LoadedOption,
    available_selections,
    complete_selection,
    dead_ends,
    default_selection,
    find_member,
    member_reasons,
    nearest_selections,
    resolve_member,
)

WITH_IMAGE = {"outputs": [{"key": "image", "kind": "image"}]}


def workflow(key="w", state="published", contract=WITH_IMAGE):
    return Workflow(key=key, state=state, contract=contract)


def axis(key, values, default=None):
    return LoadedAxis(key, key, "dropdown", default or values[0], tuple(LoadedOption(v, v) for v in values))


def family(axes, members):
    return LoadedFamily(Family(key="photo"), tuple(axes), tuple(members))


MODEL, SIZE = axis("model", ["likeness", "realism"]), axis("size", ["small", "large"])


@st.composite
def families(draw):
    """Up to three axes of up to three options; some tuples taken, some members unavailable or incomplete."""
    axes = [
        axis(f"a{index}", [f"v{value}" for value in range(draw(st.integers(1, 3)))])
        for index in range(draw(st.integers(0, 3)))
    ]
    tuples = [
        dict(zip([axis.key for axis in axes], values, strict=True))
        for values in product(*(axis.values for axis in axes))
    ]
    members = [
        LoadedMember(
            workflow(f"w{index}", draw(st.sampled_from(["published", "published", "draft"]))), chosen
        )
        for index, chosen in enumerate(draw(st.lists(st.sampled_from(tuples), unique_by=str)))
    ]
    if axes:
        members += [
            LoadedMember(workflow("incomplete"), {key: value for key, value in chosen.items() if key != "a0"})
            for chosen in draw(st.lists(st.sampled_from(tuples), max_size=1))
        ]
    return family(axes, members), tuples


def brute_force(loaded, selection):
    matches = [
        member
        for member in loaded.members
        if all(member.selection.get(axis.key) == selection[axis.key] for axis in loaded.axes)
    ]
    return matches[0] if matches else None


def runs(loaded, selection):
    member = brute_force(loaded, selection)
    return member is not None and member.workflow.state == "published"


@given(families())
def test_every_selection_finds_what_brute_force_finds(drawn):
    loaded, tuples = drawn
    for selection in tuples:
        expected = brute_force(loaded, selection)
        assert find_member(loaded, selection) is expected
        if runs(loaded, selection):
            assert resolve_member(loaded, selection) is expected
        else:
            with pytest.raises(MemberUnavailable if expected else NoMember):
                resolve_member(loaded, selection)


@given(families())
def test_a_pick_is_a_dead_end_exactly_when_changing_only_that_pick_does_not_run(drawn):
    loaded, tuples = drawn
    for selection in tuples:
        expected = {
            (axis.key, value)
            for axis in loaded.axes
            for value in axis.values
            if not runs(loaded, {**selection, axis.key: value})
        }
        assert dead_ends(loaded, selection).keys() == expected


@given(families())
def test_the_nearest_selections_run_and_none_nearer_is_left_out(drawn):
    loaded, tuples = drawn
    for selection in tuples:

        def changes(other, selection=selection):
            return sum(other[key] != selection[key] for key in selection)

        found = nearest_selections(loaded, selection)
        running = sorted(changes(other) for other in tuples if runs(loaded, other))
        assert all(runs(loaded, other) for other in found)
        assert [changes(other) for other in found] == running[:NEAREST]


def test_missing_axes_take_their_default():
    loaded = family([MODEL, axis("size", ["small", "large"], default="large")], [])
    assert complete_selection(loaded, {"model": "realism"}) == {"model": "realism", "size": "large"}
    assert complete_selection(loaded, {}) == default_selection(loaded)


def test_an_unknown_axis_is_refused_with_the_known_ones():
    with pytest.raises(UnknownAxis, match="model, size") as refusal:
        complete_selection(family([MODEL, SIZE], []), {"mood": "calm"})
    assert refusal.value.loc == ("selection", "mood")


@pytest.mark.parametrize("value", ["huge", "", None, 3, True, ["small"], {"small": 1}])
def test_an_unknown_option_is_refused_with_the_known_ones(value):
    with pytest.raises(UnknownOption, match="small, large") as refusal:
        complete_selection(family([MODEL, SIZE], []), {"size": value})
    assert refusal.value.loc == ("selection", "size")


def test_a_selection_that_leads_nowhere_names_the_nearest_that_does():
    loaded = family(
        [MODEL, SIZE],
        [
            LoadedMember(workflow("a"), {"model": "likeness", "size": "small"}),
            LoadedMember(workflow("b"), {"model": "realism", "size": "small"}),
        ],
    )
    with pytest.raises(NoMember) as refusal:
        resolve_member(loaded, {"model": "realism", "size": "large"})
    assert refusal.value.extra == {
        "nearest": [{"model": "realism", "size": "small"}, {"model": "likeness", "size": "small"}]
    }


@pytest.mark.parametrize(
    ("member_workflow", "reasons"),
    [
        (workflow(state="draft"), ["is a draft"]),
        (workflow(state="archived"), ["is archived"]),
        (workflow(contract={}), ["does not expose image or video outputs"]),
        (workflow(state="draft", contract={}), ["is a draft", "does not expose image or video outputs"]),
    ],
)
def test_a_member_that_cannot_run_says_why(member_workflow, reasons):
    loaded = family([MODEL], [LoadedMember(member_workflow, {"model": "likeness"})])
    with pytest.raises(MemberUnavailable) as refusal:
        resolve_member(loaded, {"model": "likeness"})
    assert refusal.value.extra == {"reasons": reasons, "nearest": []}
    assert not available_selections(loaded)


def test_a_new_axis_makes_members_incomplete_and_unreachable():
    incomplete = LoadedMember(workflow(), {"model": "likeness"})
    loaded = family([MODEL, SIZE], [incomplete])
    assert member_reasons(loaded, incomplete) == ["has no value for axis size"]
    with pytest.raises(NoMember):
        resolve_member(loaded, default_selection(loaded))


def test_an_axis_without_options_makes_every_member_unreachable():
    empty = LoadedAxis("mood", "Mood", "dropdown", None, ())
    loaded = family([MODEL, empty], [LoadedMember(workflow(), {"model": "likeness"})])
    with pytest.raises(NoMember):
        resolve_member(loaded, default_selection(loaded))


def test_a_family_without_axes_resolves_to_its_one_member():
    only = LoadedMember(workflow(), {})
    assert resolve_member(family([], [only]), {}) is only


# --- why a pick is a dead end --------------------------------------------------------------------------
def small_and_large(large="published"):
    """likeness+small and realism+large; likeness+large too, unless it is None."""
    members = [
        LoadedMember(workflow("a"), {"model": "likeness", "size": "small"}),
        LoadedMember(workflow("b"), {"model": "realism", "size": "large"}),
    ]
    if large:
        members.append(LoadedMember(workflow("c", large), {"model": "likeness", "size": "large"}))
    return family([MODEL, SIZE], members)


def test_a_dead_end_says_which_other_pick_to_change():
    found = dead_ends(small_and_large(large=None), {"model": "likeness", "size": "small"})
    assert found == {
        ("model", "realism"): "Nothing is made for this together with the other picks. "
        "It works with size: large.",
        ("size", "large"): "Nothing is made for this together with the other picks. "
        "It works with model: realism.",
    }


def test_a_dead_end_at_a_workflow_says_why_that_is_unavailable():
    found = dead_ends(small_and_large(large="archived"), {"model": "likeness", "size": "small"})
    assert found["size", "large"] == "The workflow “c” is archived. It works with model: realism."


def test_an_option_that_no_available_workflow_has_says_so():
    loaded = family([MODEL, SIZE], [LoadedMember(workflow(), {"model": "likeness", "size": "small"})])
    assert dead_ends(loaded, {"model": "likeness", "size": "small"}) == {
        ("model", "realism"): "No available workflow is made for this.",
        ("size", "large"): "No available workflow is made for this.",
    }


@given(families())
def test_the_other_picks_that_a_dead_end_names_do_lead_somewhere(drawn):
    loaded, tuples = drawn
    for selection in tuples:
        for (axis_key, value), why in dead_ends(loaded, selection).items():
            others = [other for other in tuples if other[axis_key] == value and runs(loaded, other)]
            named = dict(part.split(": ") for part in re.findall(r"a\d: v\d", why))
            assert bool(named) == bool(others)
            if others:
                changed = {**selection, axis_key: value, **named}
                fewest = min(sum(other[key] != selection[key] for key in other) for other in others)
                assert changed in others
                assert sum(changed[key] != selection[key] for key in changed) == fewest
