"""Two authors at once: real transactions on real connections."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from families.errors import AdultDefault, AxisInUse, CatalogueError, DuplicateTuple, IncompleteTuple
from families.models import Family, Member, Workflow
from families.services import (
    axis_delete,
    axis_update,
    member_assign,
    workflow_make_default,
    workflow_update,
)

from .building import dropdown, family, member, published

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*actions):
    """Run the actions at the same moment, each on its own connection; their results or catalogue errors."""
    barrier = Barrier(len(actions))

    def run(action):
        try:
            barrier.wait(timeout=10)
            return action()
        except CatalogueError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as threads:
        return list(threads.map(run, actions))


def test_of_many_authors_one_gets_the_tuple():
    photo = family("photo", model="likeness realism")
    workflows = [published(f"w{index}") for index in range(6)]
    before = Family.objects.get().version
    results = at_once(
        *(
            lambda workflow=workflow: member_assign(
                family=photo, workflow=workflow, selection={"model": "realism"}
            )
            for workflow in workflows
        )
    )
    assert [type(result) for result in results].count(DuplicateTuple) == 5
    assert Member.objects.count() == 1
    assert Family.objects.get().version == before + 1


def test_an_axis_is_either_deleted_or_used_and_never_both():
    for round_ in range(5):
        photo = family(f"photo-{round_}", model="likeness realism")
        mood, workflow = dropdown(photo, "mood", "calm"), published(f"one-{round_}")
        picks = {"model": "realism", "mood": "calm"}
        deleted, assigned = at_once(
            lambda mood=mood: axis_delete(axis=mood),
            lambda photo=photo, workflow=workflow, picks=picks: member_assign(
                family=photo, workflow=workflow, selection=picks
            ),
        )
        if isinstance(assigned, Member):
            assert isinstance(deleted, AxisInUse)
        else:
            assert (deleted, assigned.code) == (None, "unknown_axis")


def test_an_axis_added_meanwhile_makes_a_member_incomplete_or_comes_after_it():
    photo, workflow = family("photo", model="likeness realism"), published("one")
    _, assigned = at_once(
        lambda: dropdown(photo, "mood", "calm"),
        lambda: member_assign(family=photo, workflow=workflow, selection={"model": "realism"}),
    )
    assert isinstance(assigned, (Member, IncompleteTuple))


def test_two_changes_cannot_together_make_the_default_adult():
    for round_ in range(5):
        photo, workflow = family(f"photo-{round_}", model="likeness realism"), published(f"one-{round_}")
        member(photo, workflow, model="realism")
        model = photo.axes.get()
        results = at_once(
            lambda model=model: axis_update(axis=model, default="realism"),
            lambda workflow=workflow: workflow_update(workflow=workflow, rating=Workflow.Rating.ADULT),
        )
        assert [type(result) for result in results].count(AdultDefault) == 1


def test_two_workflows_made_default_at_once_leave_one():
    first, second = published("first"), published("second")
    at_once(lambda: workflow_make_default(workflow=first), lambda: workflow_make_default(workflow=second))
    assert Workflow.objects.filter(is_default_for_strategy=True).count() == 1
