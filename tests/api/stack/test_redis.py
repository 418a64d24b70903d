import stat

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from api.stack.redis import answers, embedded_redis


def test_it_keeps_everything_and_evicts_nothing(tmp_path):
    with embedded_redis(tmp_path / "a folder") as url, Redis.from_url(url) as client:
        settings = client.config_get("*")

    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "everysec"
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["bind"] == "127.0.0.1"


def test_what_was_written_is_there_after_a_restart_with_another_password(tmp_path):
    with embedded_redis(tmp_path / "redis") as first, Redis.from_url(first) as client:
        client.set("key", "value")
    with embedded_redis(tmp_path / "redis") as second, Redis.from_url(second) as client:
        assert client.get("key") == b"value"

    assert first != second
    assert not answers(second)


def test_it_wants_the_password_which_only_the_owner_can_read(tmp_path):
    with (
        embedded_redis(tmp_path / "redis") as url,
        Redis.from_url("redis://" + url.split("@")[1]) as stranger,
        pytest.raises(AuthenticationError),
    ):
        stranger.ping()

    assert stat.S_IMODE((tmp_path / "redis" / "redis.conf").stat().st_mode) == 0o600
