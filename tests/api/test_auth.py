from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from api.models import ApiKey
from tests.factories import make_owner

URL = "/v1/generations"


def answer(authorization: str | None):
    headers = {"Authorization": authorization} if authorization is not None else {}
    return APIClient().get(URL, headers=headers)


def test_without_a_key_the_answer_says_how_to_send_one(db):
    refused = answer(None)
    assert refused.status_code == 401 and refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert refused.json()["code"] == "not_authenticated" and "Bearer KEY" in refused.json()["detail"]


@pytest.mark.parametrize("authorization", ["Basic YTpi", "Bearer", "nonsense", "Token abc"])
def test_other_schemes_are_no_key(db, authorization):
    assert answer(authorization).status_code == 401


@pytest.mark.parametrize(
    "key", ["no", "abcdefgh." + "x" * 32, "ABCDEFGH.%00", "x" * 10_000, "abcdefgh.ü" + "x" * 31]
)
def test_an_unknown_key_is_invalid(db, key):
    refused = answer(f"Bearer {key}")
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_api_key")


def test_a_key_opens_its_accounts_door_and_is_stored_hashed_only(account):
    assert answer(f"Bearer {account.key}").status_code == 200
    row = ApiKey.objects.get()
    assert account.key.partition(".")[2] not in str(row.__dict__)


@pytest.mark.parametrize(
    "change",
    [{"revoked": True}, {"expiry_date": timezone.now() - timedelta(minutes=1)}],
    ids=["revoked", "expired"],
)
def test_a_key_that_was_taken_back_is_invalid(account, change):
    ApiKey.objects.update(**change)
    assert answer(f"Bearer {account.key}").json()["code"] == "invalid_api_key"


def test_the_keys_of_an_account_that_is_switched_off_are_invalid(account):
    account.user.is_active = False
    account.user.save()
    assert answer(f"Bearer {account.key}").json()["code"] == "invalid_api_key"


def test_a_browser_session_reads_and_writes_with_its_csrf_token_only(db, ask):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_owner())
    assert browser.get(URL).status_code == 200
    refused = browser.post(URL, ask, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
