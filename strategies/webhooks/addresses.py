"""Addresses that clients give us to call: public ones only, whatever a name resolves to at that moment."""

import socket

import httpx
import requests
from django.conf import settings
from django.db import connection
from requests_hardened.ip_filter import InvalidIPAddress, get_ip_address

from ..errors import InvalidWebhook, one
from ..models.webhook import MAX_URL

PORTS = {"http": 80, "https": 443}


class PrivateAddress(Exception):
    """The name leads into a private network."""


def checked_url(url: str, *, loc: tuple[str | int, ...]) -> str:
    """The URL as it will be called. A name that cannot be resolved now may be by the time it is called.

    Raises: InvalidWebhook.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise _refused("is not a URL", "url", loc) from None
    if parsed.scheme not in PORTS or (parsed.scheme == "http" and not settings.ALLOW_PRIVATE_WEBHOOK_URLS):
        raise _refused("must be an https URL", "url_scheme", loc)
    if not parsed.host or parsed.userinfo or not 0 < _port(parsed) < 2**16 or len(str(parsed)) > MAX_URL:
        raise _refused(
            f"needs a host, a port that exists, no user name, and at most {MAX_URL} characters", "url", loc
        )
    if not connection.in_atomic_block:
        connection.close()  # a slow name server must not keep a database connection from others
    try:
        public_address(parsed)
    except PrivateAddress:
        raise _refused("leads to a private address; give a public one", "private_address", loc) from None
    except OSError:
        pass
    return str(parsed)


def public_address(url: httpx.URL) -> str:
    """The IP address to call: checked, and to be used as it is, so that a name cannot change its mind.

    Raises: PrivateAddress, OSError when the name cannot be resolved.
    """
    host, port = url.raw_host.decode().strip("[]"), _port(url)
    if settings.ALLOW_PRIVATE_WEBHOOK_URLS:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    try:
        return str(get_ip_address(host, port, allow_loopback=False)[0])
    except InvalidIPAddress:
        raise PrivateAddress from None
    except (requests.RequestException, UnicodeError) as error:
        raise OSError("The host name cannot be resolved.") from error


def _port(url: httpx.URL) -> int:
    return PORTS[url.scheme] if url.port is None else url.port


def _refused(what: str, kind: str, loc: tuple[str | int, ...]) -> InvalidWebhook:
    return InvalidWebhook(f"The webhook {what}.", errors=one(loc, what, kind))
