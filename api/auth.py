"""Who is asking: an API key as a bearer token, or a browser session."""

import re

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.request import Request

from .models import ApiKey, User
from .problems import Refused

KEY = re.compile(r"[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}")  # nothing else is worth a query


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer KEY`."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated
        key = usable_key(secret.strip())
        if key is None:
            raise AuthenticationFailed("The API key is unknown, revoked or expired; use another one.")
        return key.owner, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BrowserAuthentication(SessionAuthentication):
    """The session cookie, with the CSRF check on everything that writes."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise Refused("csrf_failed", f"{error.detail} Send the X-CSRFToken header.") from error


AUTHENTICATION = (BearerAuthentication, BrowserAuthentication)


def usable_key(secret: str) -> ApiKey | None:
    """The key with this secret, unless it is revoked, expired or of an account that is switched off."""
    if not KEY.fullmatch(secret):
        return None
    found = ApiKey.objects.select_related("owner").filter(
        prefix=secret.partition(".")[0], revoked=False, owner__is_active=True
    )
    key = found.first()
    return key if key and not key.has_expired and key.is_valid(secret) else None


def user_of(request: HttpRequest) -> User:
    """The account behind a request to a plain Django view, as the REST views see it.

    Raises: NotAuthenticated, AuthenticationFailed.
    """
    user = Request(request, authenticators=[authentication() for authentication in AUTHENTICATION]).user
    if not user.is_authenticated:
        raise NotAuthenticated
    return user
