"""Every rule of families, violated over REST: the code, and the field it blames."""

import pytest

from families.models import Member, Workflow
from tests.families.building import NO_OUTPUTS

from .authoring import refused


@pytest.mark.parametrize(
    ("picks", "code", "loc"),
    [
        ({}, "incomplete_tuple", ["tuple", "model"]),
        ({"model": "realism"}, "incomplete_tuple", ["tuple", "size"]),
        ({"model": "realism", "size": None}, "incomplete_tuple", ["tuple", "size"]),
        ({"model": "realism", "size": ""}, "incomplete_tuple", ["tuple", "size"]),
        ({"model": "realism", "size": "large", "mood": "calm"}, "unknown_axis", ["tuple", "mood"]),
        ({"model": "realism", "size": "huge"}, "unknown_option", ["tuple", "size"]),
        ({"model": "realism", "size": ["large"]}, "unknown_option", ["tuple", "size"]),
        ({"model": "realism", "size": 1}, "unknown_option", ["tuple", "size"]),
    ],
    ids=str,
)
def test_a_tuple_that_is_not_full_and_known_is_refused(author, photo, picks, code, loc):
    asked = {"workflow": "two", "tuple": picks}
    refused(author.client.post(f"{photo}/members", asked), 422, code, *loc)
    refused(author.client.patch(f"{photo}/members/one", {"tuple": picks}), 422, code, *loc)
    assert [member.workflow.key for member in Member.objects.all()] == ["one"]


def test_a_duplicate_tuple_names_the_member_in_the_way(author, photo):
    taken = {"model": "likeness", "size": "small"}
    answer = author.client.post(f"{photo}/members", {"workflow": "two", "tuple": taken})
    body = refused(answer, 409, "duplicate_tuple", "tuple")
    assert body["workflow"] == "one" and "“one”" in body["detail"]
    author.member(photo, "two", model="realism", size="small")
    refused(author.client.patch(f"{photo}/members/two", {"tuple": taken}), 409, "duplicate_tuple", "tuple")


def test_a_family_holds_a_workflow_once_and_another_family_may_too(author, photo):
    picks = {"model": "realism", "size": "large"}
    answer = author.client.post(f"{photo}/members", {"workflow": "one", "tuple": picks})
    refused(answer, 409, "workflow_already_member", "workflow")
    other = author.family("other", model="realism", size="large")
    author.member(other, "one", **picks)
    assert author.client.get("/v1/workflows/one").json()["families"] == ["other", "photo"]


@pytest.mark.parametrize("kind", ["draft", "archived", "without outputs"])
def test_an_unavailable_workflow_cannot_be_a_member(author, photo, kind):
    if kind == "without outputs":
        author.published("three", contract=NO_OUTPUTS)
    else:
        author.draft("three")
    if kind == "archived":
        author.client.post("/v1/workflows/three/archive")
    asked = {"workflow": "three", "tuple": {"model": "realism", "size": "large"}}
    body = refused(author.client.post(f"{photo}/members", asked), 409, "workflow_unavailable", "workflow")
    assert len(body["reasons"]) == 1


def test_an_unknown_workflow_cannot_be_a_member(author, photo):
    asked = {"workflow": "nonsense", "tuple": {"model": "realism", "size": "large"}}
    refused(author.client.post(f"{photo}/members", asked), 422, "unknown_workflow", "workflow")


def test_an_axis_and_an_option_in_use_stay_until_their_members_go(author, photo):
    author.axis(photo, "mood", "calm wild")
    body = refused(author.client.delete(f"{photo}/axes/size"), 409, "axis_in_use", "key")
    assert body["members"] == ["one"] and "one" in body["detail"]
    answer = author.client.delete(f"{photo}/axes/model/options/likeness")
    assert refused(answer, 409, "option_in_use", "value")["members"] == ["one"]
    assert author.client.delete(f"{photo}/axes/mood").status_code == 204
    assert author.client.delete(f"{photo}/axes/size/options/large").status_code == 204


def test_a_default_must_be_an_option(author, photo):
    client = author.client
    refused(client.patch(f"{photo}/axes/size", {"default": "huge"}), 422, "invalid_default", "default")
    fresh = {"key": "mood", "display_name": "Mood", "control": "dropdown"}
    options = [{"value": "calm"}]
    answer = client.post(f"{photo}/axes", {**fresh, "options": options, "default": "wild"})
    refused(answer, 422, "invalid_default", "default")
    answer = client.post(f"{photo}/axes", {**fresh, "default": "calm"})
    refused(answer, 422, "invalid_default", "default")
    author.client.delete(f"{photo}/members/one")
    answer = client.delete(f"{photo}/axes/size/options/small")
    refused(answer, 422, "invalid_default", "value")


def test_the_default_selection_stays_sfw_whoever_would_change_it(author, photo):
    client, adult = author.client, {"model": "realism", "size": "large"}
    author.published("bold", rating="adult")
    author.member(photo, "bold", **adult)
    client.patch(f"{photo}/axes/model", {"default": "realism"})
    refused(client.patch(f"{photo}/axes/size", {"default": "large"}), 422, "invalid_default", "default")
    taken = {"tuple": {"model": "realism", "size": "small"}}
    refused(client.patch(f"{photo}/members/bold", taken), 422, "invalid_default", "tuple")
    client.patch(f"{photo}/axes/model", {"default": "likeness"})
    refused(client.patch("/v1/workflows/one", {"rating": "adult"}), 422, "invalid_default", "rating")
    assert Workflow.objects.get(key="one").rating == "sfw"


def test_a_toggle_has_two_options(author, photo):
    client = author.client
    three = [{"value": value} for value in "abc"]
    fresh = {"key": "mood", "display_name": "Mood", "control": "toggle", "options": three}
    refused(client.post(f"{photo}/axes", fresh), 422, "toggle_options", "options")
    author.axis(photo, "bold", "off on", control="toggle")
    refused(client.post(f"{photo}/axes/bold/options", {"value": "maybe"}), 422, "toggle_options", "value")
    client.post(f"{photo}/axes/size/options", {"value": "huge"})
    refused(client.patch(f"{photo}/axes/size", {"control": "toggle"}), 422, "toggle_options", "control")


@pytest.mark.parametrize(
    ("path", "change", "loc"),
    [
        ("", {"key": "photos"}, "key"),
        ("/axes/size", {"key": "format"}, "key"),
        ("/axes/size/options/large", {"value": "big", "label": "Big"}, "value"),
        ("/members/one", {"workflow": "two", "tuple": {"model": "realism", "size": "large"}}, "workflow"),
    ],
)
def test_what_clients_spell_cannot_be_renamed(author, photo, path, change, loc):
    before = author.client.get(photo).json()
    body = refused(author.client.patch(photo + path, change), 422, "name_fixed", loc)
    assert "cannot be changed" in body["detail"]
    assert author.client.get(photo).json() == before
    refused(author.client.patch("/v1/workflows/one", {"key": "first"}), 422, "name_fixed", "key")


def test_a_taken_name_is_refused(author, photo):
    client = author.client
    named = {"display_name": "X", "control": "dropdown"}
    refused(client.post("/v1/families", {"key": "photo", "display_name": "X"}), 409, "duplicate_key", "key")
    refused(client.post("/v1/workflows", {"key": "one", "display_name": "X"}), 409, "duplicate_key", "key")
    refused(client.post(f"{photo}/axes", {"key": "size", **named}), 409, "duplicate_key", "key")
    refused(client.post(f"{photo}/axes/size/options", {"value": "large"}), 409, "duplicate_key", "value")
    twice = [{"value": "calm"}, {"value": "calm"}]
    answer = client.post(f"{photo}/axes", {"key": "mood", "options": twice, **named})
    refused(answer, 409, "duplicate_key", "options", 1, "value")


@pytest.mark.parametrize("key", ["With Space", "UPPER", "ümlaut", "a/b", "x" * 81])
def test_a_name_that_is_no_key_is_refused(author, photo, key):
    named = {"key": key, "display_name": "X"}
    refused(author.client.post("/v1/families", named), 422, "invalid_fields", "key")
    refused(author.client.post("/v1/workflows", named), 422, "invalid_fields", "key")
    answer = author.client.post(f"{photo}/axes", {**named, "control": "dropdown"})
    refused(answer, 422, "invalid_fields", "key")


@pytest.mark.parametrize("position", [-1, 40_000, 10**30, "first", 1.5])
def test_a_position_that_cannot_be_stored_is_refused(author, photo, position):
    for path in ("", "/axes/size", "/axes/size/options/large"):
        answer = author.client.patch(photo + path, {"position": position})
        refused(answer, 422, answer.json()["code"], "position")


def test_rules_hold_in_whatever_order_they_are_broken(author, photo):
    """Each wrong step is refused for its own reason, and leaves the family as it was."""
    client = author.client
    author.axis(photo, "mood", "calm wild")
    before, version = client.get(photo).json(), author.version(photo)
    full = {"model": "realism", "size": "large", "mood": "calm"}
    again = {"workflow": "one", "tuple": full}
    wrong = [
        (lambda: client.delete(f"{photo}/axes/model"), "axis_in_use"),
        (lambda: client.patch(f"{photo}/axes/mood", {"default": "dull"}), "invalid_default"),
        (lambda: client.post(f"{photo}/members", again), "workflow_already_member"),
        (lambda: client.patch(f"{photo}/members/one", {"tuple": {"mood": "calm"}}), "incomplete_tuple"),
        (lambda: client.patch(f"{photo}/members/one", {"tuple": {**full, "x": "y"}}), "unknown_axis"),
        (lambda: client.delete(f"{photo}/axes/size/options/small"), "option_in_use"),
    ]  # fmt: skip
    for order in (wrong, wrong[::-1], wrong[3:] + wrong[:3]):
        for step, code in order:
            assert step().json()["code"] == code
    assert client.get(photo).json() == before and author.version(photo) == version
    assert client.patch(f"{photo}/members/one", {"tuple": full}).status_code == 200
