"""The studio's shell and its door; what the page does is shown in a real browser."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api.views.studio import STATIC, modules
from families.contract import InputKind
from families.descriptors import RESERVED_KEYS
from tests.api.work import finish
from tests.factories import make_generation, make_owner

SCRIPTS = STATIC / "studio"
STUDIO, DOOR = "/studio/", "/studio/sign-in/"


@pytest.fixture
def person(db):
    return make_owner(password="a good password")


@pytest.fixture
def at_home(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def registered(table: str) -> set[str]:
    """The keys of a table of the page's registry."""
    body = re.search(rf"const {table} = {{(.*?)}};", (SCRIPTS / "registry.js").read_text(), re.DOTALL)[1]
    return set(re.findall(r"^\s*(\w+):", body, re.MULTILINE))


def account_of(page: str) -> dict:
    return json.loads(re.search(r'<script id="account" type="application/json">(.*?)</script>', page)[1])


def test_who_is_not_signed_in_is_led_to_the_door_and_back(person):
    client = Client()
    turned_away = client.get("/studio/?family=shapes")
    assert turned_away.status_code == 302
    door = turned_away.headers["Location"]
    assert door.startswith(DOOR) and "family%3Dshapes" in door

    answer = client.post(
        DOOR, {"username": person.username, "password": "a good password", "next": "/studio/?family=shapes"}
    )

    assert answer.status_code == 302 and answer.headers["Location"] == "/studio/?family=shapes"
    assert client.get(STUDIO).status_code == 200


def test_a_wrong_password_is_told_and_the_name_stays(person):
    page = Client().post(DOOR, {"username": person.username, "password": "wrong"})
    assert page.status_code == 200
    assert "do not match an account" in page.content.decode() and person.username in page.content.decode()


def test_the_door_leads_to_no_other_site(person):
    fields = {"username": person.username, "password": "a good password", "next": "https://evil.example/"}
    assert Client().post(DOOR, fields).headers["Location"] == STUDIO


def test_who_is_signed_in_needs_no_door(at_home):
    assert at_home.get(DOOR).headers["Location"] == STUDIO


def test_signing_out_takes_a_post_and_ends_the_session(at_home):
    assert at_home.get("/studio/sign-out/").status_code == 405
    assert at_home.get(STUDIO).status_code == 200
    assert at_home.post("/studio/sign-out/").headers["Location"] == DOOR
    assert at_home.get(STUDIO).status_code == 302


def test_a_sign_in_page_that_has_grown_old_is_shown_afresh(person):
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(DOOR + "?next=/studio/", {"username": person.username, "password": "x"})
    assert answer.status_code == 302 and answer.headers["Location"] == DOOR + "?next=/studio/"


# The admin shows a family in the studio; the door is shown in nothing.
@pytest.mark.parametrize(("address", "frames"), [(STUDIO, "self"), (DOOR, "none")])
def test_the_pages_run_no_script_that_is_not_theirs(at_home, person, address, frames):
    client = at_home if address == STUDIO else Client()
    page = client.get(address)
    policy, text = page.headers["Content-Security-Policy"], page.content.decode()
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]
    inline = [
        tag
        for tag in re.findall(r"<script[^>]*>", text)
        if "src=" not in tag and "application/json" not in tag
    ]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert f"frame-ancestors '{frames}'" in policy
    assert page.headers["X-Frame-Options"] == {"self": "SAMEORIGIN", "none": "DENY"}[frames]
    assert all(f'nonce="{nonce}"' in tag for tag in inline)
    assert " style=" not in text and "://" not in text.replace("http://www.w3.org", "")
    assert page.headers["Cache-Control"] == "no-store"
    assert client.get(address).headers["Content-Security-Policy"] != policy


def test_the_page_is_told_whose_it_is_and_whether_their_age_is_verified(person, at_home):
    told = account_of(at_home.get(STUDIO).content.decode())
    assert (told["username"], told["age_verified"], told["is_staff"]) == (person.username, False, False)

    person.age_verified_at = timezone.now()
    person.save()
    assert account_of(at_home.get(STUDIO).content.decode())["age_verified"] is True


def test_the_token_of_the_page_writes_with_the_session(person):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person)
    token = account_of(strict.get(STUDIO).content.decode())["csrf"]
    address = reverse("generations")
    body = {"workflow": "none", "inputs": {}}
    refused = strict.post(address, body, content_type="application/json")
    heard = strict.post(address, body, content_type="application/json", headers={"X-CSRFToken": token})
    assert refused.json()["code"] == "csrf_failed"
    assert heard.json()["code"] == "unknown_workflow"


def test_every_script_of_the_page_is_preloaded_and_found(at_home):
    page = at_home.get(STUDIO).content.decode()
    imported = set()
    for script in modules():
        assert f'<link rel="modulepreload" href="/static/{script}">' in page
        assert finders.find(script)
        text = Path(finders.find(script)).read_text()
        folder = Path(script).parent
        imported |= {(STATIC / folder / name).resolve() for name in re.findall(r'from "(\.[^"]+)"', text)}
    assert imported <= {(STATIC / script).resolve() for script in modules()}


def test_every_kind_of_input_and_every_reserved_key_has_its_component():
    assert registered("KINDS") == set(get_args(InputKind))
    assert registered("RESERVED") == RESERVED_KEYS


def test_every_vendored_file_says_where_it_comes_from_and_under_which_licence():
    folder = SCRIPTS / "vendor"
    noted = (folder / "VENDORED.md").read_text()
    for path in folder.glob("*.mjs"):
        (line,) = [line for line in noted.splitlines() if f"| `{path.name}` |" in line]
        licence = re.search(r"`([\w-]+-LICENSE)`", line)[1]
        assert (folder / licence).stat().st_size > 1000


def test_the_picture_of_a_prediction_can_be_used_as_an_input(account, workflow, redis_server):
    generation = make_generation(account.user, workflow)
    finish()
    answer = account.client.get(f"/v1/generations/{generation.id}").json()
    (picture,) = answer["predictions"][0]["output"]

    again = account.client.post(
        "/v1/generations",
        {"workflow": workflow.key, "inputs": {"prompt": "again", "image": picture["id"]}},
    )

    assert again.status_code == 202, again.json()
    assert again.json()["inputs"]["image"] == picture["id"]
