"""An author who has seen an older version than the stored one is told, and nothing is overwritten."""

import pytest

from families.errors import StaleVersion
from families.models import Axis, Family, Workflow
from families.services import (
    axis_add,
    axis_delete,
    axis_update,
    family_delete,
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

from .building import draft, dropdown, family, member, published
from .test_concurrency import at_once

FAMILY_CHANGES = {
    "family_update": lambda of, seen: family_update(family=of, display_name="New", expected_version=seen),
    "family_delete": lambda of, seen: family_delete(family=of, expected_version=seen),
    "axis_add": lambda of, seen: axis_add(
        family=of, key="new", display_name="New", control="dropdown", expected_version=seen
    ),
    "axis_update": lambda of, seen: axis_update(
        axis=of.axes.get(key="mood"), display_name="New", expected_version=seen
    ),
    "axis_delete": lambda of, seen: axis_delete(axis=of.axes.get(key="spare"), expected_version=seen),
    "option_add": lambda of, seen: option_add(
        axis=of.axes.get(key="mood"), value="new", expected_version=seen
    ),
    "option_update": lambda of, seen: option_update(
        option=of.axes.get(key="mood").options.get(value="wild"), label="New", expected_version=seen
    ),
    "option_delete": lambda of, seen: option_delete(
        option=of.axes.get(key="mood").options.get(value="wild"), expected_version=seen
    ),
    "member_assign": lambda of, seen: member_assign(
        family=of,
        workflow=Workflow.objects.get(key="two"),
        selection={"mood": "wild", "spare": "a"},
        expected_version=seen,
    ),
    "member_retuple": lambda of, seen: member_retuple(
        member=of.members.get(), selection={"mood": "wild", "spare": "a"}, expected_version=seen
    ),
    "member_remove": lambda of, seen: member_remove(member=of.members.get(), expected_version=seen),
}
WORKFLOW_CHANGES = {
    "workflow_update": lambda of, seen: workflow_update(workflow=of, price=1, expected_version=seen),
    "workflow_publish": lambda of, seen: workflow_publish(workflow=of, expected_version=seen),
    "workflow_archive": lambda of, seen: workflow_archive(workflow=of, expected_version=seen),
    "workflow_make_default": lambda of, seen: workflow_make_default(workflow=of, expected_version=seen),
    "workflow_delete": lambda of, seen: workflow_delete(workflow=of, expected_version=seen),
}


@pytest.fixture
def photo(db) -> Family:
    """One member, which does not hold the axis `spare`."""
    created = family("photo", mood="calm wild")
    member(created, "one", mood="calm")
    dropdown(created, "spare", "a b")
    published("two")
    created.refresh_from_db()
    return created


def picture(of: Family) -> list:
    """Everything that is stored of a family."""
    return [
        list(Family.objects.filter(pk=of.pk).values()),
        list(Axis.objects.filter(family=of).values()),
        list(of.axes.values("options__value", "options__label")),
        list(of.members.values()),
    ]


@pytest.mark.parametrize("change", FAMILY_CHANGES.values(), ids=FAMILY_CHANGES)
def test_a_family_seen_before_its_last_change_is_not_changed(photo, change):
    seen = photo.version
    family_update(family=photo, description="by somebody else")
    before = picture(photo)
    with pytest.raises(StaleVersion) as refusal:
        change(photo, seen)
    assert picture(photo) == before
    extra = refusal.value.extra
    assert (extra["expected_version"], extra["current_version"]) == (seen, seen + 1)


@pytest.mark.parametrize("change", FAMILY_CHANGES.values(), ids=FAMILY_CHANGES)
def test_a_family_seen_as_it_is_can_be_changed(photo, change):
    change(photo, photo.version)
    left = Family.objects.filter(pk=photo.pk).first()
    assert left is None or left.version == photo.version + 1


@pytest.mark.parametrize("change", WORKFLOW_CHANGES.values(), ids=WORKFLOW_CHANGES)
@pytest.mark.parametrize("make", [draft, published])
def test_a_workflow_seen_before_its_last_change_is_not_changed(db, make, change):
    seen = make("one")
    workflow_update(workflow=seen, description="by somebody else")
    before = Workflow.objects.values().get()
    with pytest.raises(StaleVersion):
        change(seen, seen.revision)
    assert Workflow.objects.values().get() == before


@pytest.mark.parametrize("change", WORKFLOW_CHANGES.values(), ids=WORKFLOW_CHANGES)
def test_a_workflow_seen_as_it_is_can_be_changed(db, change):
    workflow = published("one")
    change(workflow, workflow.revision)
    assert Workflow.objects.filter(revision=workflow.revision).exists() == (
        change is WORKFLOW_CHANGES["workflow_publish"]  # it is published already
    )


def test_a_draft_gets_a_revision_for_every_change_and_its_version_only_when_published(db):
    workflow = workflow_update(workflow=draft("one"), price=1)
    assert (workflow.version, workflow.revision) == (1, 2)
    workflow = workflow_publish(workflow=workflow)
    assert (workflow.version, workflow.revision) == (2, 3)


def test_the_default_that_gives_way_gets_a_revision_too(db):
    first, second = published("first"), published("second")
    first = workflow_make_default(workflow=first)
    workflow_make_default(workflow=second)
    assert Workflow.objects.get(key="first").revision == first.revision + 1


@pytest.mark.django_db(transaction=True)
def test_of_two_authors_saving_at_once_one_is_told():
    for round_ in range(5):
        photo, one = family(f"photo-{round_}"), draft(f"one-{round_}")
        results = at_once(
            lambda photo=photo: family_update(family=photo, display_name="A", expected_version=photo.version),
            lambda photo=photo: family_update(family=photo, display_name="B", expected_version=photo.version),
            lambda one=one: workflow_update(workflow=one, display_name="A", expected_version=1),
            lambda one=one: workflow_update(workflow=one, display_name="B", expected_version=1),
        )
        for pair, stored in ((results[:2], Family), (results[2:], Workflow)):
            assert [type(result) for result in pair].count(StaleVersion) == 1
            [winner] = [result for result in pair if not isinstance(result, StaleVersion)]
            assert stored.objects.get(key=winner.key).display_name == winner.display_name
