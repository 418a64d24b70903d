"""What is kept in the process is always what the database holds, and costs the same however large it is."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from families import selectors
from families.catalogue import catalogue_family, catalogue_list, resolve
from families.completeness import completeness
from families.errors import UnknownFamily
from families.models import Axis, Family, Option, Workflow
from families.selectors import load_catalogue, load_family
from families.services import axis_update, family_delete, workflow_archive, workflow_update

from .building import dropdown, family, large_family, member

pytestmark = pytest.mark.django_db
SIDE = 20  # options of an axis; two axes make room for 300 members


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch):
    monkeypatch.setattr(selectors, "_kept", selectors._Kept())


@pytest.fixture
def photo():
    photo = family("photo", model="likeness realism")
    member(photo, "plain", model="likeness")
    return photo


@pytest.mark.parametrize("size", [3, 300])
def test_queries_do_not_grow_with_a_family(django_assert_num_queries, size):
    large_family("big", axes=2, options=SIDE, members=size)
    with django_assert_num_queries(6):
        resolve("big", {"axis0": "v2"})
    with django_assert_num_queries(1):
        resolve("big", {"axis0": "v1"}).form({"prompt": "a hat"})
    with django_assert_num_queries(1):
        assert catalogue_family(load_family("big"), {"axis1": "v19"})["resolved"]["nearest"]
    with django_assert_num_queries(1):
        assert completeness("big")["hole_count"] == SIDE * SIDE - size


@pytest.mark.parametrize("count", [3, 30])
def test_queries_do_not_grow_with_the_catalogue(django_assert_num_queries, count):
    for number in range(count):
        member(family(f"family-{number}", model="a b"), f"w-{number}", model="a")
    with django_assert_num_queries(6):
        assert len(catalogue_list(load_catalogue())) == count
    with django_assert_num_queries(1):
        assert len(catalogue_list(load_catalogue())) == count


def test_what_has_not_changed_is_not_read_again(photo):
    family("other")
    before = {each.key: each for each in load_catalogue()}
    axis_update(axis=photo.axes.get(), display_name="Flavour")
    after = {each.key: each for each in load_catalogue()}
    assert after["other"] is before["other"]
    assert after["photo"].axes[0].display_name == "Flavour"


def test_a_change_by_hand_is_seen(photo):
    load_family("photo")
    Option.objects.filter(value="realism").update(label="By hand")
    assert load_family("photo").axes[0].options[1].label == "By hand"
    Workflow.objects.filter(key="plain").update(state=Workflow.State.ARCHIVED)
    assert not load_family("photo").available


def test_two_changes_in_one_transaction_are_two(photo):
    seen = []
    for label in ("first", "second"):
        Axis.objects.update(display_name=label)
        seen.append(load_family("photo").axes[0].display_name)
    assert seen == ["first", "second"]


def test_what_was_rolled_back_was_never_there(photo):
    """Without the rows' own marks, the next change would have the version of the one rolled back."""
    with transaction.atomic():
        dropdown(photo, "mood", "calm")
        assert load_family("photo").axis_keys == ("model", "mood")
        transaction.set_rollback(True)
    assert load_family("photo").axis_keys == ("model",)
    version = load_family("photo").row.version
    dropdown(photo, "tone", "warm")
    assert load_family("photo").axis_keys == ("model", "tone")
    assert load_family("photo").row.version == version + 1


def test_a_deleted_family_is_gone_at_once(photo):
    load_family("photo")
    family_delete(family=photo)
    with pytest.raises(UnknownFamily):
        load_family("photo")
    assert load_catalogue() == []


def test_a_family_made_again_under_its_old_key_is_another(photo):
    load_family("photo")
    family_delete(family=photo)
    family("photo", mood="calm")
    assert load_family("photo").axis_keys == ("mood",)


def test_only_the_families_read_last_are_kept(photo, monkeypatch):
    monkeypatch.setattr(selectors, "KEPT", 2)
    for number in range(3):
        family(f"family-{number}")
    assert [each.key for each in load_catalogue()] == ["family-0", "family-1", "family-2", "photo"]
    assert len(selectors._kept._families) == 2
    assert len(load_catalogue()) == 4


@pytest.mark.django_db(transaction=True)
def test_a_change_while_a_family_is_read_is_read_too(photo, monkeypatch):
    """An author saves between two of the queries that read a family."""
    workflow, read = Workflow.objects.get(), selectors._read

    def interrupted(ids):
        families = read(ids)
        if workflow.state == Workflow.State.PUBLISHED:
            _elsewhere(lambda: workflow_archive(workflow=workflow))
            workflow.state = Workflow.State.ARCHIVED
        return families

    monkeypatch.setattr(selectors, "_read", interrupted)
    assert load_family("photo").members[0].workflow.state == Workflow.State.ARCHIVED


@pytest.mark.django_db(transaction=True)
def test_nobody_is_served_what_another_process_has_changed(photo):
    for price in range(1, 6):
        _elsewhere(lambda price=price: workflow_update(workflow=Workflow.objects.get(), price=price))
        assert resolve("photo", {}).price == price
    assert Family.objects.get().pk == photo.pk


def _elsewhere(action):
    """Run it on another connection, committed."""

    def run():
        try:
            action()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(run).result()
