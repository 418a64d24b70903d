import stat

import pytest

from api.models import ApiKey, User
from api.stack.accounts import ensure_accounts

pytestmark = pytest.mark.django_db


def test_a_first_start_makes_two_accounts_with_keys_that_work(tmp_path):
    ensure_accounts(tmp_path)

    for name in ("demo", "admin"):
        path = tmp_path / f"{name}-key"
        assert ApiKey.objects.get_from_key(path.read_text()).owner.username == name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert User.objects.get(username=name).check_password((tmp_path / f"{name}-password").read_text())
    assert User.objects.get(username="admin").is_superuser
    assert not User.objects.get(username="demo").is_staff


def test_a_demo_account_from_before_it_could_sign_in_gets_a_password(tmp_path):
    User.objects.create(username="demo")

    ensure_accounts(tmp_path)

    assert User.objects.get(username="demo").check_password((tmp_path / "demo-password").read_text())


def test_a_second_start_keeps_keys_and_the_password_an_administrator_chose(tmp_path):
    ensure_accounts(tmp_path)
    keys = [(tmp_path / name).read_text() for name in ("demo-key", "admin-key")]
    admin = User.objects.get(username="admin")
    admin.set_password("chosen")
    admin.save()

    ensure_accounts(tmp_path)

    assert [(tmp_path / name).read_text() for name in ("demo-key", "admin-key")] == keys
    assert User.objects.get(username="admin").check_password("chosen")


@pytest.mark.parametrize("spoil", ["revoke", "garble", "remove"])
def test_a_key_that_no_longer_works_is_made_again(tmp_path, spoil):
    ensure_accounts(tmp_path)
    path = tmp_path / "demo-key"
    old = path.read_text()
    if spoil == "revoke":
        ApiKey.objects.filter(owner__username="demo").update(revoked=True)
    elif spoil == "garble":
        path.write_text("nonsense")
    else:
        path.unlink()

    ensure_accounts(tmp_path)

    assert path.read_text() != old
    assert ApiKey.objects.is_valid(path.read_text())
