"""Two authors at once over REST: the second is told, and nothing is overwritten."""

import threading

import pytest
from django.db import connection
from rest_framework.test import APIClient

from families.models import Family, Workflow

from .authoring import Author, made
from .conftest import Account
from .test_bad_input import assert_problem

CHANGES = {
    "family": lambda client, photo, **headers: client.patch(photo, {"display_name": "Mine"}, **headers),
    "family deleted": lambda client, photo, **headers: client.delete(photo, **headers),
    "axis made": lambda client, photo, **headers: client.post(
        f"{photo}/axes", {"key": "mood", "display_name": "Mood", "control": "dropdown"}, **headers
    ),
    "axis": lambda client, photo, **headers: client.patch(
        f"{photo}/axes/size", {"display_name": "Mine"}, **headers
    ),
    "axis deleted": lambda client, photo, **headers: client.delete(f"{photo}/axes/spare", **headers),
    "option made": lambda client, photo, **headers: client.post(
        f"{photo}/axes/size/options", {"value": "mine"}, **headers
    ),
    "option": lambda client, photo, **headers: client.patch(
        f"{photo}/axes/size/options/large", {"label": "Mine"}, **headers
    ),
    "option deleted": lambda client, photo, **headers: client.delete(
        f"{photo}/axes/size/options/large", **headers
    ),
    "member made": lambda client, photo, **headers: client.post(
        f"{photo}/members",
        {"workflow": "two", "tuple": {"model": "realism", "size": "large", "spare": "a"}},
        **headers,
    ),
    "member": lambda client, photo, **headers: client.patch(
        f"{photo}/members/one", {"tuple": {"model": "realism", "size": "large", "spare": "a"}}, **headers
    ),
    "member deleted": lambda client, photo, **headers: client.delete(f"{photo}/members/one", **headers),
}
WORKFLOW = "/v1/workflows/one"
WORKFLOW_CHANGES = {
    "changed": lambda client, **headers: client.patch(WORKFLOW, {"price": "1"}, **headers),
    "published": lambda client, **headers: client.post(f"{WORKFLOW}/publish", **headers),
    "archived": lambda client, **headers: client.post(f"{WORKFLOW}/archive", **headers),
    "made default": lambda client, **headers: client.post(f"{WORKFLOW}/make-default", **headers),
    "deleted": lambda client, **headers: client.delete(WORKFLOW, **headers),
}


@pytest.fixture
def spare(author, photo) -> str:
    author.axis(photo, "spare", "a b")
    return photo


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_somebody_else_has_changed_is_not_overwritten(author, stranger, spare, change):
    seen = author.version(spare)
    stranger.user.is_staff = True
    stranger.user.save()
    made(stranger.client.patch(spare, {"description": "somebody else's"}), 200)
    before, members = author.client.get(spare).json(), author.client.get(f"{spare}/members").json()

    body = assert_problem(change(author.client, spare, headers={"If-Match": seen}), 412, "stale_version")
    assert f'"{body["expected_version"]}"' == seen and body["current_version"] == before["version"]
    assert body["changes"] == [f"{stranger.user.username} changed the family “photo” (description)"]
    assert author.client.get(spare).json() == before
    assert author.client.get(f"{spare}/members").json() == members

    answer = change(author.client, spare, headers={"If-Match": author.version(spare)})
    assert answer.status_code in (200, 201, 204), answer.content


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_answer_has_the_version_that_its_write_made(author, spare, change):
    answer = change(author.client, spare)
    if answer.status_code != 204:
        assert answer.headers["ETag"] == author.version(spare)


@pytest.mark.parametrize("change", WORKFLOW_CHANGES.values(), ids=WORKFLOW_CHANGES)
def test_a_workflow_somebody_else_has_changed_is_not_overwritten(author, change):
    author.draft("one")
    seen = author.version(WORKFLOW)
    changed = author.client.patch(WORKFLOW, {"description": "somebody else's"}, headers={"If-Match": seen})
    assert changed.headers["ETag"] == author.version(WORKFLOW) != seen
    answer = change(author.client, headers={"If-Match": seen})
    assert_problem(answer, 412, "stale_version")
    assert author.client.get(WORKFLOW).json() == changed.json()


@pytest.mark.parametrize(
    "path", ["", "/axes", "/axes/size", "/axes/size/options", "/members", "/members/one"]
)
def test_every_part_of_a_family_is_read_under_its_version(author, photo, path):
    assert author.version(photo + path) == f'"{Family.objects.get().version}"'


@pytest.mark.parametrize("header", ["7", '"seven"', '"1", "2"', "", '"-1"', '"' + "9" * 30 + '"'])
def test_an_if_match_that_is_no_etag_of_ours_is_refused(author, photo, header):
    answer = author.client.patch(photo, {"display_name": "New"}, headers={"If-Match": header})
    assert_problem(answer, 422, "invalid_if_match")
    assert Family.objects.get().display_name == "Photo"


def test_any_version_will_do_for_a_star_and_a_compressed_etag_for_itself(author, photo):
    made(author.client.patch(photo, {"description": "a"}, headers={"If-Match": "*"}), 200)
    weak = f"W/{author.version(photo)}"
    made(author.client.patch(photo, {"description": "b"}, headers={"If-Match": weak}), 200)


def at_once(*requests) -> list:
    """The answers to requests made at the same moment, each on its own connection."""
    barrier, answers = threading.Barrier(len(requests)), [None] * len(requests)

    def ask(place: int) -> None:
        barrier.wait(timeout=10)
        answers[place] = requests[place]()
        connection.close()

    threads = [threading.Thread(target=ask, args=[place]) for place in range(len(requests))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return answers


@pytest.mark.django_db(transaction=True)
def test_of_two_authors_racing_one_wins_and_the_other_is_told(staff: Account, author: Author, photo: str):
    for round_ in range(4):
        names = [f"{round_} {name}" for name in ("first", "second")]
        family, workflow = author.version(photo), author.version(WORKFLOW)

        def save(path: str, name: str, seen: str):
            client = APIClient(headers=staff.headers)
            return lambda: client.patch(path, {"display_name": name}, headers={"If-Match": seen})

        answers = at_once(
            *(save(photo, name, family) for name in names),
            *(save(WORKFLOW, name, workflow) for name in names),
        )
        for pair, stored in (
            (answers[:2], Family.objects.get()),
            (answers[2:], Workflow.objects.get(key="one")),
        ):
            assert sorted(answer.status_code for answer in pair) == [200, 412]
            [won] = [answer.json() for answer in pair if answer.status_code == 200]
            [lost] = [answer.json() for answer in pair if answer.status_code == 412]
            assert won["display_name"] == stored.display_name and lost["code"] == "stale_version"
            assert any(staff.user.username in change for change in lost["changes"])


@pytest.mark.django_db(transaction=True)
def test_of_two_authors_racing_for_a_tuple_one_gets_it(staff: Account, author: Author, photo: str):
    author.published("three")
    picks = {"model": "realism", "size": "large"}

    def join(workflow: str):
        client = APIClient(headers=staff.headers)
        return lambda: client.post(f"{photo}/members", {"workflow": workflow, "tuple": picks})

    answers = at_once(join("two"), join("three"))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    [lost] = [answer.json() for answer in answers if answer.status_code == 409]
    [won] = [answer.json() for answer in answers if answer.status_code == 201]
    assert (lost["code"], lost["workflow"]) == ("duplicate_tuple", won["workflow"])
