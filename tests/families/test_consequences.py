"""What a change would break: against brute force, and told on every page before it is saved."""

import json

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from families.admin.rehearsal import TOLD
from families.consequences import consequences
from families.models import Family, Member, Workflow
from families.resolution import LoadedAxis, LoadedFamily, LoadedMember, LoadedOption
from families.services import axis_arrange
from families.services.axes import NewOption

from .building import IMAGE_CONTRACT, NO_OUTPUTS, family, member
from .model import Catalogue, ModelAxis, ModelFamily, ModelWorkflow
from .pages import filled_in
from .test_admin import (
    WORKFLOW,
    address,
    asked,
    axis_fields,
    axis_row,
    delete,
    errors_of,
    family_fields,
    rows,
    save_knowingly,
    seen,
)
from .test_stale_versions import picture

# --- against brute force ------------------------------------------------------------------------------
KEYS, VALUES, WORKFLOWS = ("model", "size"), ("a", "b", "c"), ("one", "two", "three")


@st.composite
def catalogues(draw) -> Catalogue:
    """A family of up to two axes, with members that may lack one of them or be archived."""
    keys = draw(st.sampled_from([KEYS, KEYS[:1]]))
    axes = {}
    for key in keys:
        options = draw(st.lists(st.sampled_from(VALUES), min_size=1, unique=True).map(sorted))
        axes[key] = ModelAxis("dropdown", options, draw(st.sampled_from(options)))
    members: dict[str, dict[str, str]] = {}
    for workflow in draw(st.sets(st.sampled_from(WORKFLOWS))):
        held = {
            key: draw(st.sampled_from(axes[key].options)) for key in keys[: draw(st.integers(0, len(keys)))]
        }
        if held not in members.values():
            members[workflow] = held
    runs = {workflow: draw(st.booleans()) for workflow in WORKFLOWS}
    states = {workflow: ModelWorkflow("published" if able else "archived") for workflow, able in runs.items()}
    return Catalogue({"photo": ModelFamily(axes, members)}, states)


def loaded(catalogue: Catalogue) -> LoadedFamily:
    model = catalogue.families["photo"]
    return LoadedFamily(
        Family(key="photo"),
        tuple(
            LoadedAxis(
                key, key, axis.control, axis.default, tuple(LoadedOption(each, each) for each in axis.options)
            )
            for key, axis in model.axes.items()
        ),
        tuple(
            LoadedMember(
                Workflow(key=key, state=catalogue.workflows[key].state, contract=IMAGE_CONTRACT), held
            )
            for key, held in model.members.items()
        ),
    )


def lacks(catalogue: Catalogue) -> dict[str, set]:
    """Everything that leads nowhere, by trying everything."""
    model = catalogue.families["photo"]
    every = [tuple(selection.items()) for selection in model.selections()]
    reached = [picks for picks in every if catalogue.reach("photo", dict(picks))]
    return {
        "incomplete": {key for key, held in model.members.items() if set(held) != set(model.axes)},
        "options": {
            (key, value)
            for key, axis in model.axes.items()
            for value in axis.options
            if not any((key, value) in picks for picks in reached)
        },
        "holes": {picks for picks in every if not model.at(dict(picks))},
        "closed": {picks for picks in every if picks not in reached},
        "reached": set(reached),
        "start": {tuple(model.defaults().items())} - set(reached),
    }


@settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(catalogues(), catalogues())
def test_what_would_be_worse_is_what_brute_force_finds(before, after):
    was, would = lacks(before), lacks(after)
    found = consequences(loaded(before), loaded(after))
    facts = found.facts() if found else set()
    if not was["reached"]:
        assert not facts
        return
    told = {fact.removeprefix("photo: ") for fact in facts}

    def named(kind: str) -> set[str]:
        return {fact.removeprefix(f"{kind} ") for fact in told if fact.startswith(kind)}

    assert named("incomplete") == would["incomplete"] - was["incomplete"]
    assert named("option") == {f"{key}={value}" for key, value in would["options"] - was["options"]}
    assert ("closed" in told) == (not would["reached"])
    assert bool(named("start")) == (bool(would["start"]) and not was["start"])
    if before.families["photo"].axes.keys() == after.families["photo"].axes.keys():
        existed = was["closed"] | was["reached"]
        lost = {
            picks
            for picks in existed
            if (picks in was["reached"] and picks not in would["reached"])
            or (picks not in was["holes"] and not after.families["photo"].at(dict(picks)))
        }
        assert named("selection") == {", ".join(f"{key}={value}" for key, value in picks) for picks in lost}


# --- told before it is saved --------------------------------------------------------------------------
@pytest.fixture
def author(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("author"))
    return client


@pytest.fixture
def photo(db):
    """Whole: every tuple has a member."""
    photo = family("photo", size="small large")
    member(photo, "one", size="small")
    member(photo, "two", size="large")
    return photo


def workflows() -> list[dict]:
    return list(Workflow.objects.order_by("key").values("key", "state", "contract"))


def of(photo, workflow) -> Member:
    return photo.members.get(workflow__key=workflow)


def changes_of(photo):
    """Pages, what is sent to them, and what they say first."""
    size, one = photo.axes.get(), of(photo, "one").workflow
    wide = {"options": "small\nlarge\nwide"}
    mood = {
        "key": "mood",
        "display_name": "Mood",
        "control": "dropdown",
        "options": "calm\nwild",
        "position": 1,
    }
    return {
        "an option": (
            address("axis_change", size.pk),
            axis_fields(size, **wide),
            ["options that lead nowhere: size=wide", "1 hole instead of 0"],
        ),
        "an option in its row": (
            address("family_change", photo.pk),
            family_fields(photo) | rows("axes", [axis_row(size, **wide)]),
            ["options that lead nowhere: size=wide"],
        ),
        "an axis that is filled": (
            address("family_change", photo.pk),
            family_fields(photo) | rows("axes", [axis_row(size)], new=[mood | {"fill": "calm"}]),
            ["options that lead nowhere: mood=wild", "2 holes instead of 0"],
        ),
        "an axis that is not": (
            address("axis_add"),
            seen(photo) | mood | {"family": photo.pk, "fill": "@leave"},
            ["the whole family would be unavailable", "2 members without a full tuple"],
        ),
        "a workflow without outputs": (
            address("workflow_change", one.pk),
            WORKFLOW | seen(one) | {"contract": json.dumps(NO_OUTPUTS)},
            [
                "selections that lead nowhere: size=small",
                "a dead end to start from, because these are the defaults: size=small",
            ],
        ),
    }


CHANGES = [
    "an option", "an option in its row", "an axis that is filled", "an axis that is not",
    "a workflow without outputs",
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_save_would_break_is_told_first_and_saved_when_sent_again(author, photo, change):
    where, data, sentences = changes_of(photo)[change]
    before = picture(photo), workflows()
    warned = author.post(where, data)
    said = " ".join(str(each) for errors in errors_of(warned).values() for each in errors)
    assert [sentence for sentence in sentences if sentence not in said] == []
    assert (picture(photo), workflows()) == before
    assert author.post(where, data | {TOLD: filled_in(warned)[TOLD]}).status_code == 302
    assert (picture(photo), workflows()) != before


def test_a_member_that_moves_leaves_a_hole_and_that_is_told(author, photo):
    axis_arrange(axis=photo.axes.get(), options=[NewOption("small"), NewOption("large"), NewOption("wide")])
    stored = of(photo, "one")
    where, data = address("member_change", stored.pk), seen(photo) | {"axis-size": "wide"}
    said = str(errors_of(author.post(where, data))["__all__"])
    assert "selections that lead nowhere: size=small" in said
    assert "options that lead nowhere: size=small" in said
    assert save_knowingly(author, where, data).status_code == 302


def test_many_tuples_at_once_tell_which_are_left_empty(author, photo):
    axis_arrange(axis=photo.axes.get(), options=[NewOption("small"), NewOption("large"), NewOption("wide")])
    where = reverse("admin:families_family_tuples", args=[photo.pk]) + "?all"
    data = filled_in(author.get(where)) | {f"tuple-{of(photo, 'two').pk}-size": "wide"}
    warned = author.post(where, data)
    assert "selections that lead nowhere: size=large" in warned.content.decode()
    assert of(photo, "two").selection == {"size": "large"}
    assert author.post(where, data | {TOLD: filled_in(warned)[TOLD]}).status_code == 302
    assert of(photo, "two").selection == {"size": "wide"}


def test_the_page_that_removes_a_member_tells_what_would_lead_nowhere(author, photo):
    page = author.get(asked(author, "member", of(photo, "two"))).content.decode()
    assert "options that lead nowhere: size=large" in page
    assert "Member: " in page and "Member option" not in page
    delete(author, "member", of(photo, "two"))
    assert photo.members.count() == 1


def test_what_is_told_of_one_change_is_no_consent_to_another(author, photo):
    size = photo.axes.get()
    where = address("axis_change", size.pk)
    told = filled_in(author.post(where, axis_fields(size, options="small\nlarge\nwide")))[TOLD]
    other = author.post(where, axis_fields(size, options="small\nlarge\nwide\ntall") | {TOLD: told})
    assert "size=tall" in str(errors_of(other)["__all__"])
    assert photo.axes.get().options.count() == 2
    less = axis_fields(size, options="small\nlarge\ntall") | {TOLD: filled_in(other)[TOLD]}
    assert author.post(where, less).status_code == 302


def test_nothing_is_told_of_what_breaks_nothing(author, photo):
    size = photo.axes.get()
    data = axis_fields(size, display_name="Format", options="large = Large\nsmall = Small")
    assert author.post(address("axis_change", size.pk), data).status_code == 302


def test_nothing_is_told_of_a_family_that_nobody_can_use_yet(author):
    empty = family("photo", size="small large")
    size = empty.axes.get()
    data = axis_fields(size, options="small\nlarge\nwide")
    assert author.post(address("axis_change", size.pk), data).status_code == 302


def test_what_is_told_links_to_the_members_and_spells_nothing_as_markup(author, photo):
    where = address("axis_add")
    mood = {"key": "mood", "display_name": "Mood", "control": "dropdown", "options": "calm", "position": 1}
    data = seen(photo) | mood | {"family": photo.pk, "fill": "@leave"}
    photo.display_name = "<b>Photo</b>"
    photo.save()
    page = author.post(where, data).content.decode()
    assert address("member_change", of(photo, "one").pk) in page
    assert "In “&lt;b&gt;Photo&lt;/b&gt;” this would leave" in page
