"""The two accounts that every installation starts with, and their keys."""

from pathlib import Path

from api.models import ApiKey, User
from api.stack.home import secret, write_private


def ensure_accounts(home: Path) -> None:
    """`demo` and the superuser `admin`, each with an API key kept in a file of `home`.

    A key that still works is kept; the password of an existing administrator is never touched.
    """
    demo, _ = User.objects.get_or_create(username="demo")
    _ensure_key(demo, home / "demo-key")
    admin, made = User.objects.get_or_create(
        username="admin", defaults={"is_staff": True, "is_superuser": True}
    )
    if made:
        admin.set_password(secret(home / "admin-password"))
        admin.save(update_fields=["password"])
    _ensure_key(admin, home / "admin-key")


def _ensure_key(owner: User, path: Path) -> None:
    kept = path.read_text().strip() if path.exists() else ""
    if kept and ApiKey.objects.is_valid(kept):
        return
    _, key = ApiKey.objects.create_key(name=path.name, owner=owner)
    write_private(path, key)
