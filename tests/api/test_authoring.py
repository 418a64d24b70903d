"""Authoring a family over REST: the way of an author, and who may go it."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from families.models import Family, Member, Workflow

from .authoring import CONTRACT, made
from .test_bad_input import assert_problem


def test_a_family_is_authored_and_its_client_finds_the_workflow(author, account):
    photo = author.family("photo", model="likeness realism")
    author.axis(photo, "is_nsfw", "off on", control="toggle")
    author.published("safe")
    author.published("bold", rating="adult", price="0.5")
    author.member(photo, "safe", model="likeness", is_nsfw="off")
    author.member(photo, "bold", model="realism", is_nsfw="on")
    form = account.client.get("/v1/catalog/photo?model=realism&is_nsfw=on").json()
    assert form["resolved"]["workflow"] == "bold" and form["resolved"]["rating"] == "adult"
    assert form["default_selection"] == {"model": "likeness", "is_nsfw": "off"}


def test_a_family_reads_as_it_was_written(author, photo):
    family = made(author.client.get(photo), 200)
    assert [axis["key"] for axis in family["axes"]] == ["model", "size"]
    assert family["axes"][0] == {
        "key": "model",
        "display_name": "Model",
        "control": "dropdown",
        "position": 0,
        "default": "likeness",
        "options": [
            {"value": "likeness", "label": "likeness", "position": 0},
            {"value": "realism", "label": "realism", "position": 1},
        ],
    }
    [member] = author.client.get(f"{photo}/members").json()["results"]
    assert (member["workflow"], member["tuple"]) == ("one", {"model": "likeness", "size": "small"})
    assert member["available"] and member["reasons"] == []


def test_everything_of_a_family_can_be_changed_but_its_names(author, photo):
    client = author.client
    made(client.patch(photo, {"key": "photo", "display_name": "Photos", "description": "of people"}), 200)
    axis = made(
        client.patch(f"{photo}/axes/size", {"display_name": "Format", "position": 0, "default": "large"}), 200
    )
    assert (axis["display_name"], axis["default"]) == ("Format", "large")
    option = made(client.patch(f"{photo}/axes/size/options/large", {"label": "Huge"}), 200)
    assert option == {"value": "large", "label": "Huge", "position": 1}
    member = made(client.patch(f"{photo}/members/one", {"tuple": {"model": "realism", "size": "large"}}), 200)
    assert member["tuple"] == {"model": "realism", "size": "large"}
    assert client.get(photo).json()["display_name"] == "Photos"


def test_positions_put_axes_and_options_in_order(author, photo):
    author.client.patch(f"{photo}/axes/model", {"position": 5})
    author.client.patch(f"{photo}/axes/size/options/small", {"position": 9})
    axes = author.client.get(f"{photo}/axes").json()["results"]
    assert [axis["key"] for axis in axes] == ["size", "model"]
    assert [option["value"] for option in axes[0]["options"]] == ["large", "small"]
    options = author.client.get(f"{photo}/axes/size/options").json()["results"]
    assert [option["value"] for option in options] == ["large", "small"]


def test_a_family_is_taken_apart_in_order(author, photo):
    for part in ("members/one", "axes/size/options/large", "axes/size", "axes/model"):
        assert author.client.delete(f"{photo}/{part}").status_code == 204, part
        assert_problem(author.client.get(f"{photo}/{part}"), 404, "not_found")
    assert author.client.delete(photo).status_code == 204
    assert Family.objects.count() == 0 and Workflow.objects.count() == 2


def test_values_with_signs_have_an_address(author):
    photo = author.family("photo", aspect_ratio="1:1 16:9", age="18+ sfw")
    assert author.client.get(f"{photo}/axes/aspect_ratio/options/16:9").json()["value"] == "16:9"
    assert author.client.get(f"{photo}/axes/age/options/18%2B").json()["value"] == "18+"


def test_a_member_says_why_it_cannot_be_selected(author, photo):
    author.axis(photo, "mood", "calm wild")
    author.client.post("/v1/workflows/one/archive")
    member = author.client.get(f"{photo}/members/one").json()
    assert not member["available"] and member["reasons"] == ["is archived", "has no value for axis mood"]


def test_completeness_lists_what_is_missing(author, photo):
    author.axis(photo, "mood", "calm")
    found = author.client.get(f"{photo}/completeness").json()
    assert (
        found["hole_count"] == 4 and {"model": "likeness", "size": "small", "mood": "calm"} in found["holes"]
    )
    assert [member["workflow"] for member in found["incomplete"]] == ["one"]
    assert {"axis": "model", "value": "realism"} in found["unreachable_options"]


def test_lists_go_by_cursor(author):
    for number in range(5):
        author.draft(f"w{number}")
        author.family(f"f{number}")
    for path in ("/v1/workflows", "/v1/families"):
        seen, address = [], f"{path}?limit=2"
        while address:
            page = author.client.get(address).json()
            seen += [row["key"] for row in page["results"]]
            address = page["next"]
        assert [key[1:] for key in seen] == ["4", "3", "2", "1", "0"]


def test_a_list_takes_the_same_queries_however_long_it_is(author, django_assert_max_num_queries):
    for number in range(6):
        photo = author.family(f"f{number}", model="a b", size="c d")
        author.published(f"w{number}")
        author.member(photo, f"w{number}", model="a", size="c")
    for path in ("/v1/workflows", "/v1/families", "/v1/families/f1/members"):
        with django_assert_max_num_queries(6):
            author.client.get(path)


# --- who may ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/v1/workflows"),
        ("post", "/v1/workflows"),
        ("get", "/v1/workflows/one"),
        ("patch", "/v1/workflows/one"),
        ("post", "/v1/workflows/one/publish"),
        ("post", "/v1/workflows/one/make-default"),
        ("get", "/v1/families"),
        ("post", "/v1/families"),
        ("delete", "/v1/families/photo"),
        ("get", "/v1/families/photo/completeness"),
        ("post", "/v1/families/photo/axes"),
        ("delete", "/v1/families/photo/axes/size/options/large"),
        ("delete", "/v1/families/photo/members/one"),
    ],
)
def test_only_staff_may_author(photo, account, method, path):
    body = assert_problem(getattr(account.client, method)(path), 403, "staff_only")
    assert "staff" in body["detail"]
    assert_problem(getattr(APIClient(), method)(path), 401, "not_authenticated")
    assert Family.objects.count() == 1 and Member.objects.count() == 1


def test_a_browser_session_may_author_with_its_csrf_token(staff):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(staff.user)
    body = {"key": "photo", "display_name": "Photo"}
    answer = browser.post("/v1/families", body, content_type="application/json")
    assert_problem(answer, 403, "csrf_failed")
    browser.cookies["csrftoken"] = token = "a" * 32
    answer = browser.post(
        "/v1/families", body, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert answer.status_code == 201


def test_what_is_not_there_is_404(author, photo):
    for path in ("/v1/families/x", "/v1/families/x/axes", "/v1/families/x/completeness", f"{photo}/axes/x",
                 f"{photo}/axes/size/options/x", f"{photo}/members/two", "/v1/workflows/x"):  # fmt: skip
        assert_problem(author.client.get(path), 404, "not_found" if "comp" not in path else "unknown_family")
        if "comp" not in path:
            assert author.client.delete(path).status_code in (404, 405)


# --- idempotency --------------------------------------------------------------------------------------
def test_what_is_made_twice_under_one_key_is_made_once(author, photo):
    picks = {"model": "realism", "size": "large", "mood": "calm"}
    steps = {
        "/v1/workflows": {"key": "three", "display_name": "Three", "contract": CONTRACT},
        "/v1/families": {"key": "other", "display_name": "Other"},
        f"{photo}/axes": {"key": "mood", "display_name": "Mood", "control": "dropdown"},
        f"{photo}/axes/mood/options": {"value": "calm"},
        f"{photo}/members": {"workflow": "two", "tuple": picks},
    }  # fmt: skip
    for path, body in steps.items():
        first, again = (
            author.client.post(path, body, headers={"Idempotency-Key": f"make {path}".replace(" ", "-")})
            for _ in range(2)
        )
        assert first.status_code == again.status_code == 201, again.content
        assert first.json() == again.json() and again.headers["Idempotent-Replayed"] == "true"
