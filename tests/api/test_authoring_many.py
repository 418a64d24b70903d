"""Many tuples at once: a new axis filled for every member, and members that swap; all of it or nothing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from families.models import Family, Member

from .authoring import made, refused


@pytest.fixture
def crowd(author) -> str:
    """A family of four members, one for every tuple of `model` and `size`, that has just got a new axis."""
    address = author.family("crowd", model="likeness realism", size="small large")
    for number, (model, size) in enumerate(
        [("likeness", "small"), ("likeness", "large"), ("realism", "small"), ("realism", "large")]
    ):
        author.published(f"w{number}")
        author.member(address, f"w{number}", model=model, size=size)
    author.axis(address, "mood", "calm wild")
    return address


def tuples() -> dict[str, dict]:
    return {member.workflow.key: member.selection for member in Member.objects.select_related("workflow")}


def test_a_new_axis_is_filled_for_every_member_at_once(author, crowd):
    before = Family.objects.get().version
    answer = author.client.post(f"{crowd}/axes/mood/fill", {"value": "calm"})
    members = made(answer, 200)["results"]
    assert {member["workflow"] for member in members} == {"w0", "w1", "w2", "w3"}
    assert all(member["tuple"]["mood"] == "calm" and member["available"] for member in members)
    assert answer.headers["ETag"] == f'"{before + 1}"' == author.version(crowd)
    assert author.client.get(f"{crowd}/completeness").json()["incomplete"] == []
    assert author.client.get("/v1/catalog/crowd").json()["resolved"]["workflow"] == "w0"


def test_only_members_without_a_value_are_filled(author, crowd):
    author.client.patch(
        f"{crowd}/members/w1", {"tuple": {"model": "likeness", "size": "large", "mood": "wild"}}
    )
    made(author.client.post(f"{crowd}/axes/mood/fill", {"value": "calm"}), 200)
    assert {key: picks["mood"] for key, picks in tuples().items()} == {
        "w0": "calm", "w1": "wild", "w2": "calm", "w3": "calm",
    }  # fmt: skip
    assert made(author.client.post(f"{crowd}/axes/mood/fill", {"value": "calm"}), 200)["results"] == []


def test_an_unknown_value_fills_nothing(author, crowd):
    before = tuples()
    refused(author.client.post(f"{crowd}/axes/mood/fill", {"value": "dull"}), 422, "unknown_option", "value")
    assert tuples() == before


def test_many_members_get_tuples_of_their_own(author, crowd):
    wanted = {
        key: {**picks, "mood": mood}
        for (key, picks), mood in zip(sorted(tuples().items()), ("calm", "wild", "calm", "wild"), strict=True)
    }
    answer = author.client.post(f"{crowd}/retuple", {"tuples": wanted})
    members = made(answer, 200)["results"]
    assert {member["workflow"]: member["tuple"] for member in members} == wanted == tuples()
    assert answer.headers["ETag"] == author.version(crowd)


def test_members_may_swap_their_tuples(author, photo):
    author.member(photo, "two", model="realism", size="large")
    swapped = dict(zip(("two", "one"), (tuples()["one"], tuples()["two"]), strict=True))
    made(author.client.post(f"{photo}/retuple", {"tuples": swapped}), 200)
    assert tuples() == swapped


@pytest.mark.parametrize(
    ("changes", "status", "code", "locs"),
    [
        ({"w1": {"mood": None}}, 422, "incomplete_tuple", [["tuples", "w1", "mood"]]),
        ({"w1": {"mood": "dull"}}, 422, "unknown_option", [["tuples", "w1", "mood"]]),
        ({"w1": {"x": "y"}}, 422, "unknown_axis", [["tuples", "w1", "x"]]),
        ({"w9": {}}, 422, "unknown_workflow", [["tuples", "w9"]]),
        ({"w1": {"size": "small"}}, 409, "duplicate_tuple", [["tuples", "w1"]]),
        ({"w1": {"mood": None}, "w2": {"mood": "dull"}}, 422, "incomplete_tuple",
         [["tuples", "w1", "mood"], ["tuples", "w2", "mood"]]),
    ],
    ids=str,
)  # fmt: skip
def test_one_wrong_tuple_keeps_all_as_they_were_and_every_wrong_one_is_named(
    author, crowd, changes, status, code, locs
):
    before, version = tuples(), author.version(crowd)
    wanted = {key: {**picks, "mood": "calm"} for key, picks in sorted(before.items())}
    wanted |= {key: {**wanted.get(key, {}), **change} for key, change in changes.items()}
    answer = author.client.post(f"{crowd}/retuple", {"tuples": wanted})
    for loc in locs:
        refused(answer, status, code, *loc)
    assert tuples() == before and author.version(crowd) == version


def test_somebody_elses_change_is_not_overwritten(author, crowd):
    seen, before = author.version(crowd), tuples()
    made(author.client.patch(crowd, {"description": "meanwhile"}), 200)
    for path, body in (
        ("retuple", {"tuples": {"w0": {**before["w0"], "mood": "calm"}}}),
        ("axes/mood/fill", {"value": "calm"}),
    ):
        answer = author.client.post(f"{crowd}/{path}", body, headers={"If-Match": seen})
        refused(answer, 412, "stale_version", "version")
    assert tuples() == before


@pytest.mark.parametrize("tuples", [{}, [], 1, None])
def test_a_body_without_tuples_is_refused(author, crowd, tuples):
    answer = author.client.post(f"{crowd}/retuple", {"tuples": tuples})
    refused(answer, 422, "invalid_request", "tuples")
    answer = author.client.post(f"{crowd}/retuple", {"tuples": {"w0": "calm"}})
    refused(answer, 422, "invalid_request", "tuples", "w0")


def test_filling_takes_as_many_queries_for_many_members_as_for_few(author, crowd):
    def queries_to_fill(axis: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            made(author.client.post(f"{crowd}/axes/{axis}/fill", {"value": "calm"}), 200)
        return len(queries)

    few = queries_to_fill("mood")
    for number in range(4, 8):
        author.published(f"w{number}")
        author.member(crowd, f"w{number}", **{**tuples()[f"w{number - 4}"], "mood": "wild"})
    author.axis(crowd, "light", "calm harsh")
    assert queries_to_fill("light") == few
