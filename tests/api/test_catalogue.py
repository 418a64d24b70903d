from dataclasses import replace

import pytest
from rest_framework.test import APIClient

from families.models import Workflow
from families.services import (
    axis_update,
    family_update,
    member_remove,
    option_add,
    option_update,
    workflow_archive,
    workflow_publish,
    workflow_update,
)
from strategies.pools import report
from tests.factories import text_to_image_contract
from tests.families.building import adult as adult_workflow
from tests.families.building import dropdown, family, member, published, toggle, without_outputs

from .test_bad_input import assert_problem


@pytest.fixture
def photo(db):
    """Two axes; fast+plain and slow+plain exist, slow+artful is adult, fast+artful has no member."""
    photo = family("photo", model="fast slow", style="plain artful")
    contract = text_to_image_contract()
    member(photo, published("fast-plain", contract=contract, price="0.0125"), model="fast", style="plain")
    member(photo, published("slow-plain", contract=contract), model="slow", style="plain")
    member(photo, adult_workflow("slow-artful", contract=contract), model="slow", style="artful")
    return photo


def test_the_catalogue_lists_families_with_their_axes(client, photo):
    body = client.get("/v1/catalog").json()
    (shown,) = body["results"]
    assert shown["key"] == "photo" and shown["available"] is True and body["next"] is None
    assert shown["default_selection"] == {"model": "fast", "style": "plain"}
    assert shown["axes"][0]["options"][1] == {
        "value": "slow", "label": "slow", "selected": False, "available": True,
    } | {"label": shown["axes"][0]["options"][1]["label"]}  # fmt: skip


def test_a_family_shows_what_picks_lead_to(client, photo):
    body = client.get("/v1/catalog/photo?model=slow").json()
    assert body["resolved"]["workflow"] == "slow-plain" and body["resolved"]["available"] is True
    assert {"model", "style", "prompt"} <= {descriptor["key"] for descriptor in body["descriptors"]}
    dead_end = client.get("/v1/catalog/photo?style=artful").json()["resolved"]
    assert dead_end["available"] is False and dead_end["reasons"]


def test_a_dry_run_tells_price_and_place(client, photo, live_pool):
    body = client.post("/v1/catalog/photo/resolve", {"inputs": {"width": 64}, "num_predictions": 4}).json()
    assert body["selection"] == {"model": "fast", "style": "plain"} and body["price"] == 0.05
    assert body["resolved"]["workflow"] == "fast-plain"
    assert body["queue"] == {
        "position": 0, "eta_seconds": None, "possible": True, "reasons": [],
        "pools": [{"name": "gpu@test", "device": "cpu"}],
    }  # fmt: skip
    width = next(item for item in body["descriptors"] if item["key"] == "width")
    assert width["value"] == 64 and width["source"] == "input"


def test_a_dry_run_without_a_live_pool_says_which_is_missing(client, photo):
    queue = client.post("/v1/catalog/photo/resolve", {}).json()["queue"]
    assert (queue["possible"], queue["position"], queue["pools"]) == (False, None, [])
    assert "“generation”" in queue["reasons"][0]


def test_what_no_pool_can_load_is_refused_with_what_each_lacks_and_a_dry_run_says_so(
    client, photo, live_pool
):
    Workflow.objects.update(generator="local_sdxl", checkpoint="pocket:pocket-sdxl")
    memory = {"budget_bytes": 2**20}
    report(replace(live_pool, capacity=2**18, memory=memory))
    refused = client.post("/v1/generations", {"family": "photo", "inputs": {"prompt": "a red circle"}})
    (reason,) = assert_problem(refused, 409, "no_pool_fits")["reasons"]
    assert "gpu@test has 0.000977 GiB for models, and needs 0.0389 GiB" in reason
    queue = client.post("/v1/catalog/photo/resolve", {}).json()["queue"]
    assert (queue["possible"], queue["reasons"], queue["pools"]) == (False, [reason], [])


def test_the_place_of_a_dry_run_is_the_place_that_the_request_then_gets(client, photo, live_pool):
    ask = {"family": "photo", "inputs": {"prompt": "a red circle"}}
    for priority in ("low", "normal", "high"):
        client.post("/v1/generations", {**ask, "priority": priority})
    foretold = client.post("/v1/catalog/photo/resolve", {}).json()["queue"]["position"]
    assert foretold == client.post("/v1/generations", ask).json()["queue"]["position"] == 2


def test_a_dry_run_names_every_input_at_fault(client, photo):
    answer = client.post("/v1/catalog/photo/resolve", {"inputs": {"width": 7, "prompt": 3, "nonsense": 1}})
    found = {
        tuple(error["loc"]): error["type"]
        for error in assert_problem(answer, 422, "invalid_inputs")["errors"]
    }
    assert found[("inputs", "prompt")] == "string_type"
    assert found[("inputs", "nonsense")] == "unknown_input"
    assert ("inputs", "width") in found


def test_a_dead_option_says_why_and_what_to_change(client, photo):
    body = client.get("/v1/catalog/photo").json()
    dead = next(option for option in body["axes"][1]["options"] if not option["available"])
    assert dead["unavailable_reason"].endswith("It works with Model: slow.")
    assert dead in next(item for item in body["descriptors"] if item["key"] == "style")["options"]


def test_a_selection_without_a_member_names_the_nearest(client, photo):
    answer = client.post("/v1/catalog/photo/resolve", {"selection": {"style": "artful"}})
    body = assert_problem(answer, 409, "no_member")
    assert {"model": "fast", "style": "plain"} in body["nearest"]


def test_a_member_that_cannot_run_says_why(client, photo):
    without_outputs(photo.members.get(workflow__key="fast-plain").workflow)
    body = assert_problem(client.post("/v1/catalog/photo/resolve", {}), 409, "member_unavailable")
    assert body["reasons"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"selection": {"nonsense": "a"}}, "unknown_axis"),
        ({"selection": {"style": "nonsense"}}, "unknown_option"),
        ({"inputs": {"width": 7}}, "invalid_inputs"),
        ({"inputs": {"nonsense": 7}}, "invalid_inputs"),
        ({"nonsense": 1}, "invalid_request"),
        ({"num_predictions": 0}, "invalid_request"),
        ([], "invalid_request"),
    ],
    ids=str,
)
def test_what_a_dry_run_cannot_use(client, photo, body, code):
    body = assert_problem(client.post("/v1/catalog/photo/resolve", body), 422, code)
    assert body.get("errors") or code == "invalid_request"


def test_unknown_things_in_the_address(client, photo):
    assert_problem(client.get("/v1/catalog/nonsense"), 404, "unknown_family")
    assert_problem(client.post("/v1/catalog/nonsense/resolve", {}), 404, "unknown_family")
    assert_problem(client.get("/v1/catalog/photo?nonsense=1"), 422, "unknown_axis")
    assert_problem(client.get("/v1/catalog/photo?style=%00%ff"), 422, "unknown_option")
    assert client.get("/v1/catalog").status_code == 200


ADULT = {"model": "slow", "style": "artful"}
WAYS = {
    "resolve": lambda ask: ("/v1/catalog/photo/resolve", ask),
    "generate": lambda ask: ("/v1/generations", {"family": "photo", "inputs": {"prompt": "x"}, **ask}),
}


@pytest.fixture(params=WAYS)
def send(request, client):
    """Either way to ask for a selection."""
    return lambda ask: client.post(*WAYS[request.param](ask))


def verify_age(account):
    account.user.age_verified_at = account.user.date_joined
    account.user.save()


def test_adult_selections_are_for_age_verified_accounts(send, account, photo):
    assert_problem(send({"selection": ADULT}), 403, "age_verification_required")
    verify_age(account)
    answer = send({"selection": ADULT})
    assert answer.status_code in (200, 202)
    body = answer.json()
    assert body.get("resolved", body)["rating"] == "adult"


def test_age_comes_before_what_an_adult_contract_dislikes(client, photo):
    answer = client.post("/v1/catalog/photo/resolve", {"selection": ADULT, "inputs": {"width": 7}})
    assert_problem(answer, 403, "age_verification_required")


@pytest.fixture
def forged(db):
    """A toggle that says the contrary of the truth: `off` is adult but for the default, `on` is not."""
    forged = family("photo", model="fast slow")
    toggle(forged, "is_nsfw")
    contract = text_to_image_contract()
    member(forged, published("default", contract=contract), model="fast", is_nsfw="off")
    member(forged, adult_workflow("hot", contract=contract), model="slow", is_nsfw="off")
    member(forged, published("tame", contract=contract), model="slow", is_nsfw="on")
    return forged


@pytest.mark.parametrize(
    "more",
    [{}, {"rating": "sfw"}, {"is_nsfw": False}, {"inputs": {"prompt": "x", "is_nsfw": False}}],
    ids=str,
)
def test_a_toggle_that_says_sfw_opens_no_adult_workflow(send, forged, more):
    answer = send({"selection": {"model": "slow", "is_nsfw": "off"}, **more})
    assert answer.status_code in (403, 422)
    assert answer.json()["code"] in ("age_verification_required", "invalid_request", "invalid_inputs")


def test_a_toggle_that_says_adult_makes_no_workflow_adult(send, forged):
    body = send({"selection": {"model": "slow", "is_nsfw": "on"}}).json()
    assert body.get("resolved", body)["rating"] == "sfw"


def test_a_workflow_that_becomes_adult_is_refused_at_once(send, photo):
    ask = {"selection": {"model": "slow"}}
    assert send(ask).status_code in (200, 202)
    workflow_update(workflow=photo.members.get(workflow__key="slow-plain").workflow, rating="adult")
    assert_problem(send(ask), 403, "age_verification_required")


# --- what a client already has --------------------------------------------------------------------------
ADDRESSES = ["/v1/catalog", "/v1/catalog/photo", "/v1/catalog/photo?model=slow"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_who_has_the_answer_already_is_told_so(client, photo, address):
    first = client.get(address)
    assert first.headers["ETag"].startswith('W/"')
    assert set(first.headers["Cache-Control"].split(", ")) == {"private", "no-cache"}
    assert {"Authorization", "Cookie"} <= set(first.headers["Vary"].split(", "))
    for known in (
        first.headers["ETag"],
        first.headers["ETag"].removeprefix("W/"),
        f'"x", {first.headers["ETag"]}',
        "*",
    ):
        again = client.get(address, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        for header in ("ETag", "Cache-Control", "Vary"):
            assert again.headers[header] == first.headers[header]
    assert client.get(address, headers={"If-None-Match": '"x"'}).json() == first.json()


def test_each_address_has_a_tag_of_its_own(client, photo):
    assert len({client.get(address).headers["ETag"] for address in ADDRESSES}) == len(ADDRESSES)


CHANGES = {
    "publish": lambda photo, workflow: workflow_publish(workflow=workflow_archive(workflow=workflow)),
    "archive": lambda photo, workflow: workflow_archive(workflow=workflow),
    "contract": lambda photo, workflow: without_outputs(workflow),
    "price": lambda photo, workflow: workflow_update(workflow=workflow, price="2"),
    "axis": lambda photo, workflow: dropdown(photo, "mood", "calm"),
    "option": lambda photo, workflow: option_add(axis=photo.axes.get(key="style"), value="odd"),
    "label": lambda photo, workflow: option_update(option=photo.axes.first().options.first(), label="!"),
    "default": lambda photo, workflow: axis_update(axis=photo.axes.get(key="model"), default="slow"),
    "member": lambda photo, workflow: member_remove(member=photo.members.first()),
    "family": lambda photo, workflow: family_update(family=photo, display_name="Else"),
    "by hand": lambda photo, workflow: type(photo.axes.first()).objects.update(display_name="By hand"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_change_is_news(client, photo, address, change):
    tag = client.get(address).headers["ETag"]
    CHANGES[change](photo, photo.members.get(workflow__key="fast-plain").workflow)
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_another_family_s_change_is_news_for_the_list_only(client, photo):
    tags = {address: client.get(address).headers["ETag"] for address in ADDRESSES}
    family("other")
    found = [client.get(address, headers={"If-None-Match": tag}).status_code for address, tag in tags.items()]
    assert found == [200, 304, 304]


def test_a_foreign_key_sees_no_cached_answer(photo, client):
    tag = client.get("/v1/catalog").headers["ETag"]
    answer = APIClient().get("/v1/catalog", headers={"If-None-Match": tag})
    assert_problem(answer, 401, "not_authenticated")


def test_a_generation_through_a_family_keeps_its_selection(client, photo):
    ask = {"family": "photo", "selection": {"model": "slow"}, "inputs": {"prompt": "a red circle"}}
    body = client.post("/v1/generations", ask).json()
    assert (body["family"], body["workflow"]) == ("photo", "slow-plain")
    assert body["selection"] == {"model": "slow", "style": "plain"} and body["rating"] == "sfw"
