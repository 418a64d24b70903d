"""The signing key of this installation."""

import os
import secrets
from pathlib import Path


def secret_key(home: Path) -> str:
    """The key kept in `home/secret-key`, made on first use and readable by its owner only.

    Several processes may start at once: the one that links its key into place first decides.
    """
    path = home / "secret-key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        draft = home / f".secret-key-{os.getpid()}-{secrets.token_hex(4)}"
        draft.write_text(secrets.token_urlsafe(48))
        draft.chmod(0o600)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()
