"""Secrets at rest: what a copy of the database alone does not tell.

Sealed under a key that is made from `SECRET_KEY`; what was sealed under one of `SECRET_KEY_FALLBACKS` can
still be opened.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from .errors import SecretUnreadable

PURPOSE = b"atelier.sealing"  # another key than any that Django makes from the same setting


def sealed(text: str) -> str:
    """The text, for the database."""
    return _keys().encrypt(text.encode()).decode()


def opened(token: str) -> str:
    """What was sealed. Raises: SecretUnreadable when its key is no longer known."""
    try:
        return _keys().decrypt(token.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable(
            "What is stored was sealed under a SECRET_KEY that is not known any more."
        ) from None


def resealed(token: str) -> str:
    """The same under the present key. Raises: SecretUnreadable."""
    return sealed(opened(token))


def _keys() -> MultiFernet:
    return MultiFernet([_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> Fernet:
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(made))
