"""Fetching an image from a client's URL without being turned against our own network."""

import time
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db import connection
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3.exceptions import HTTPError

from .errors import InvalidImage, one

TIMEOUT_SECONDS = 10.0  # for each wait on the network
TOTAL_SECONDS = 30.0
CHUNK = 64 * 1024


def fetch_image(url: str, *, loc: tuple[str | int, ...]) -> bytes:
    """The bytes behind an https URL at a public address: no redirects, bounded in size and time.

    The address is resolved once and pinned, so a name cannot change its mind between check and use.
    Raises: InvalidImage.
    """
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        raise InvalidImage("The image URL is not a URL.", errors=one(loc, "not a URL", "url")) from None
    if scheme != "https" and not settings.ALLOW_PRIVATE_IMAGE_URLS:
        raise InvalidImage("Image URLs must be https.", errors=one(loc, "not an https URL", "url_scheme"))
    try:
        if not connection.in_atomic_block:
            connection.close()  # a slow server must not keep a database connection from others
        with _session() as session, session.get(url, stream=True) as response:
            if response.is_redirect:
                raise InvalidImage(
                    "The image URL redirects; give the final address.",
                    errors=one(loc, "redirects", "redirects"),
                )
            response.raise_for_status()
            return _bounded(response, loc)
    except InvalidIPAddress as error:
        raise InvalidImage(
            "The image URL points to a private address; upload the image as an asset instead.",
            errors=one(loc, "private address", "private_address"),
        ) from error
    except (requests.RequestException, HTTPError) as error:
        raise InvalidImage(
            "The image could not be fetched from its URL; check it, or upload the image as an asset.",
            errors=one(loc, type(error).__name__, "unreachable"),
        ) from error


def _session() -> HTTPSession:
    session = HTTPSession(
        Config(
            ip_filter_enable=not settings.ALLOW_PRIVATE_IMAGE_URLS,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(TIMEOUT_SECONDS, TIMEOUT_SECONDS),
            user_agent_override="Atelier",
        )
    )
    session.trust_env = False  # a proxy would resolve the name again, behind our back
    return session


def _bounded(response: requests.Response, loc: tuple[str | int, ...]) -> bytes:
    """The body, as long as it stays within the limits; a header that promises less is not believed."""
    deadline, parts, size = time.monotonic() + TOTAL_SECONDS, [], 0
    while part := response.raw.read1(CHUNK, decode_content=True):  # whatever has arrived, so that time counts
        size += len(part)
        if size > settings.ASSET_MAX_BYTES or time.monotonic() > deadline:
            raise InvalidImage(
                "The image behind the URL is too large or too slow; upload it as an asset.",
                errors=one(loc, "too large or too slow", "too_large"),
            )
        parts.append(part)
    return b"".join(parts)
