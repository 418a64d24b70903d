"""Absolute addresses, and the signed ones under which pictures can be fetched without a key."""

import time
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest
from django.urls import reverse

from strategies.file_tokens import SIGNER, file_token

from .problems import Refused


def link(name: str, request: HttpRequest | None = None, **parts: object) -> str:
    """The absolute address of a named route: the host the client used, or PUBLIC_URL outside of requests."""
    path = reverse(name, kwargs=parts)
    return request.build_absolute_uri(path) if request else settings.PUBLIC_URL.rstrip("/") + path


def file_link(asset: UUID, request: HttpRequest | None = None) -> str:
    """A signed address of an asset's file."""
    return link("file", request, token=file_token(asset))


def asset_of_token(token: str) -> UUID:
    """The asset that a signed address names. Raises: Refused."""
    try:
        asset, _, expiry = SIGNER.unsign(token).partition(".")
    except BadSignature:
        raise Refused("not_found", "There is no such file; fetch the prediction for its addresses.") from None
    if int(expiry) < time.time():
        raise Refused("url_expired", "This address has expired; fetch the prediction again for a fresh one.")
    return UUID(asset)
