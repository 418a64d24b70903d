import pytest

from families.completeness import LISTED_HOLES, completeness
from families.errors import UnknownFamily
from families.services import workflow_archive

from .building import dropdown, family, member

pytestmark = pytest.mark.django_db


def test_a_full_family_lacks_nothing():
    photo = family("photo", model="a b")
    member(photo, "one", model="a")
    member(photo, "two", model="b")
    assert completeness("photo") == {
        "holes": [],
        "hole_count": 0,
        "incomplete": [],
        "unavailable": [],
        "unreachable_options": [],
    }


def test_holes_are_the_tuples_without_a_member():
    member(family("photo", model="a b", size="s l"), "one", model="a", size="s")
    found = completeness("photo")
    assert found["holes"] == [
        {"model": "a", "size": "l"},
        {"model": "b", "size": "s"},
        {"model": "b", "size": "l"},
    ]
    assert found["hole_count"] == 3
    assert found["unreachable_options"] == [{"axis": "model", "value": "b"}, {"axis": "size", "value": "l"}]


def test_a_new_axis_leaves_members_incomplete():
    photo = family("photo", model="a")
    member(photo, "one", model="a")
    dropdown(photo, "mood", "calm")
    found = completeness("photo")
    reasons = ["has no value for axis mood"]
    assert found["incomplete"] == [{"workflow": "one", "selection": {"model": "a"}, "reasons": reasons}]
    assert found["hole_count"] == 1


def test_an_archived_member_fills_its_hole_but_reaches_nothing():
    stored = member(family("photo", model="a"), "one", model="a")
    workflow_archive(workflow=stored.workflow)
    found = completeness("photo")
    assert (found["holes"], found["incomplete"]) == ([], [])
    assert found["unavailable"][0]["reasons"] == ["is archived"]
    assert found["unreachable_options"] == [{"axis": "model", "value": "a"}]


def test_a_large_family_lists_some_holes_and_counts_all():
    digits = " ".join("0123456789")
    family("photo", a=digits, b=digits, c=digits)
    found = completeness("photo")
    assert (len(found["holes"]), found["hole_count"]) == (LISTED_HOLES, 1000)


def test_an_unknown_family_has_no_completeness():
    with pytest.raises(UnknownFamily):
        completeness("nothing")
