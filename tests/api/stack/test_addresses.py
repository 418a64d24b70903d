import environ

from api.stack import addresses


def test_an_address_from_outside_counts_and_a_noted_one_does_not(tmp_path):
    addresses.note(tmp_path, {"DATABASE_URL": "postgresql://embedded", "REDIS_URL": "redis://embedded"})
    seen = {"DATABASE_URL": "postgresql://outside", "REDIS_URL": "redis://embedded", "BROKER_URL": ""}

    assert addresses.given(seen, tmp_path) == {"DATABASE_URL": "postgresql://outside"}


def test_the_settings_can_read_what_was_noted(tmp_path, monkeypatch):
    monkeypatch.delenv("BROKER_URL", raising=False)
    addresses.note(tmp_path, {"BROKER_URL": "redis://:pa_ss-word@127.0.0.1:6379/0"})

    environ.Env.read_env(tmp_path / addresses.FILE)

    assert environ.Env().str("BROKER_URL") == "redis://:pa_ss-word@127.0.0.1:6379/0"
    monkeypatch.delenv("BROKER_URL")


def test_nothing_noted_is_nothing_known(tmp_path):
    addresses.note(tmp_path, {"REDIS_URL": "redis://embedded"})
    addresses.forget(tmp_path)
    addresses.forget(tmp_path)

    assert addresses.given({"REDIS_URL": "redis://embedded"}, tmp_path) == {"REDIS_URL": "redis://embedded"}
