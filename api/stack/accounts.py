"""The two accounts that every installation starts with, and their keys."""

from pathlib import Path

from api.models import ApiKey, User
from api.stack.home import secret, write_private


def ensure_accounts(home: Path) -> None:
    """`demo` and the superuser `admin`, each with an API key kept in a file of `home`.

    A key that still works is kept, and so is a password that was chosen since.
    """
    _ensure_account(home, "demo")
    _ensure_account(home, "admin", is_staff=True, is_superuser=True)


def _ensure_account(home: Path, name: str, **rights: bool) -> None:
    account, _ = User.objects.get_or_create(username=name, defaults=rights)
    password = secret(home / f"{name}-password")
    if not account.password:
        account.set_password(password)
        account.save(update_fields=["password"])
    _ensure_key(account, home / f"{name}-key")


def _ensure_key(owner: User, path: Path) -> None:
    kept = path.read_text().strip() if path.exists() else ""
    if kept and ApiKey.objects.is_valid(kept):
        return
    _, key = ApiKey.objects.create_key(name=path.name, owner=owner)
    write_private(path, key)
