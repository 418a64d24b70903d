import pytest

from tests.factories import text_to_image_contract
from tests.families.building import adult as adult_workflow
from tests.families.building import family, member, published, without_outputs

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
    assert body["queue"] == {"position": 0, "eta_seconds": None, "possible": True, "reasons": []}
    width = next(item for item in body["descriptors"] if item["key"] == "width")
    assert width["value"] == 64 and width["source"] == "input"


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


def test_adult_selections_are_for_age_verified_accounts(client, account, photo):
    ask = {"selection": {"model": "slow", "style": "artful"}}
    answer = client.post("/v1/catalog/photo/resolve", ask)
    assert_problem(answer, 403, "age_verification_required")
    account.user.age_verified_at = account.user.date_joined
    account.user.save()
    body = client.post("/v1/catalog/photo/resolve", ask).json()
    assert body["resolved"]["rating"] == "adult"


def test_a_generation_through_a_family_keeps_its_selection(client, photo):
    ask = {"family": "photo", "selection": {"model": "slow"}, "inputs": {"prompt": "a red circle"}}
    body = client.post("/v1/generations", ask).json()
    assert (body["family"], body["workflow"]) == ("photo", "slow-plain")
    assert body["selection"] == {"model": "slow", "style": "plain"} and body["rating"] == "sfw"
