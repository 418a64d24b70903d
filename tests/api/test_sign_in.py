"""The doors of the studio and the admin, for whoever knocks too often."""

import pytest
from django.core.cache import cache
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from api import sign_in
from tests.factories import make_owner

DOORS = ["/studio/sign-in/", "/admin/login/"]
PASSWORD = "a good password"

pytestmark = pytest.mark.usefixtures("redis_server")


@pytest.fixture
def person(db):
    return make_owner(password=PASSWORD, is_staff=True)


def knock(door, username, password="wrong", address="192.0.2.1"):
    return Client(REMOTE_ADDR=address).post(door, {"username": username, "password": password, "next": "/"})


@pytest.fixture
def worn_out(person):
    """The account, after as many wrong passwords as one address may try."""
    for _ in range(5):
        assert knock("/studio/sign-in/", person.username).status_code == 200
    return person


@pytest.mark.parametrize("door", DOORS)
def test_too_many_attempts_are_told_when_to_try_again(worn_out, door):
    page = knock(door, worn_out.username, PASSWORD)
    assert page.status_code == 429
    assert 1 <= int(page.headers["Retry-After"]) <= 60
    assert "Too many attempts to sign in. Wait " in page.content.decode()
    assert worn_out.username in page.content.decode()


@pytest.mark.parametrize("door", DOORS)
def test_the_owner_comes_in_from_another_address(worn_out, door):
    assert knock(door, worn_out.username, PASSWORD, address="192.0.2.2").status_code == 302


def test_a_name_in_capitals_is_the_same_account(worn_out):
    assert knock(DOORS[0], worn_out.username.upper()).status_code == 429


def test_an_account_may_be_tried_again_when_the_time_is_over(worn_out, monkeypatch):
    now = sign_in.Failures.timer()
    monkeypatch.setattr(sign_in.Failures, "timer", staticmethod(lambda: now + 61))
    assert knock(DOORS[0], worn_out.username, PASSWORD).status_code == 302


def test_signing_in_often_is_no_failure(person):
    for _ in range(7):
        assert knock(DOORS[0], person.username, PASSWORD).status_code == 302


def test_many_names_from_one_address_are_too_many_attempts(person, monkeypatch):
    monkeypatch.setattr(sign_in, "OF_ADDRESS", ("3/m",))
    for number in range(3):
        assert knock(DOORS[number % 2], f"guess-{number}").status_code == 200
    assert knock(DOORS[0], person.username, PASSWORD).status_code == 429


def test_signing_in_needs_no_redis(person, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise RedisConnectionError("nobody there")

    monkeypatch.setattr(cache, "get", broken)
    assert knock(DOORS[0], person.username, PASSWORD).status_code == 302
