"""The table of a family's tuples."""

import pytest

from families.matrix import build_matrix, incomplete_members
from families.services import workflow_archive

from .building import dropdown, family, member

pytestmark = pytest.mark.django_db


def spelled(matrix):
    return [[cell.member.workflow.key if cell.member else "-" for cell in cells] for _, cells in matrix.rows]


def test_one_axis_is_one_row():
    photo = family("photo", model="likeness realism oil")
    member(photo, "one", model="realism")
    matrix = build_matrix(photo)
    assert ([axis.key for axis in matrix.across], list(matrix.down)) == (["model"], [])
    assert spelled(matrix) == [["-", "one", "-"]]
    assert [cell.is_default for cell in matrix.rows[0][1]] == [True, False, False]


def test_the_first_axes_are_across_and_the_last_is_down():
    photo = family("photo", model="likeness realism", size="small large", mood="calm wild odd")
    member(photo, "one", model="realism", size="small", mood="wild")
    matrix = build_matrix(photo)
    assert [axis.key for axis in matrix.across] == ["model", "size"]
    assert [axis.key for axis in matrix.down] == ["mood"]
    assert spelled(matrix) == [["-"] * 4, ["-", "-", "one", "-"], ["-"] * 4]
    assert [[(h.label, h.span) for h in line] for line in matrix.headers] == [
        [("likeness", 2), ("realism", 2)],
        [("small", 1), ("large", 1), ("small", 1), ("large", 1)],
    ]
    assert matrix.rows[1][0] == ["wild"]


def test_an_axis_too_wide_to_share_stands_alone():
    photo = family("photo", model="a b c d e f g", size="small large")
    assert [axis.key for axis in build_matrix(photo).across] == ["model"]


def test_a_member_that_cannot_run_says_why():
    photo = family("photo", model="likeness realism")
    stored = member(photo, "one", model="realism")
    workflow_archive(workflow=stored.workflow)
    assert build_matrix(photo).rows[0][1][1].reasons == ["is archived"]


def test_members_without_a_full_tuple_are_listed_beside_the_table():
    photo = family("photo", model="likeness realism")
    member(photo, "one", model="realism")
    dropdown(photo, "mood", "calm wild")
    assert spelled(build_matrix(photo)) == [["-", "-"], ["-", "-"]]
    assert [(row.workflow.key, why) for row, why in incomplete_members(photo)] == [
        ("one", ["has no value for axis mood"])
    ]


def test_a_huge_family_is_shown_page_by_page():
    many = " ".join(f"v{number}" for number in range(20))
    photo = family("photo", a="x y z w v u", b=many, c=many, d=many)
    matrix = build_matrix(photo, page=2)
    assert (matrix.tuples, matrix.pages, len(matrix.rows)) == (48_000, 200, 40)
    assert matrix.rows[0][0] == ["v0", "v2", "v0"]
    assert build_matrix(photo, page=999).page == 200


def test_a_family_without_axes_has_one_tuple():
    photo = family("photo")
    member(photo, "one")
    assert spelled(build_matrix(photo)) == [["one"]]
