"""Fetching an image from a client's URL without being turned against our own network."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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
TOGETHER_SECONDS = 60.0  # less than an Idempotency-Key waits for its request (api.idempotency.ABANDONED)
CHUNK = 64 * 1024
_end: ContextVar[float] = ContextVar("end", default=math.inf)  # of the time for all pictures of a request


@contextmanager
def fetched_together() -> Iterator[None]:
    """All that is fetched inside shares `TOGETHER_SECONDS`; what comes too late is refused by its name."""
    token = _end.set(time.monotonic() + TOGETHER_SECONDS)
    try:
        yield
    finally:
        _end.reset(token)


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
        deadline = min(time.monotonic() + TOTAL_SECONDS, _end.get())
        _in_time(deadline, loc)
        if not connection.in_atomic_block:
            connection.close()  # a slow server must not keep a database connection from others
        with _session() as session, session.get(url, stream=True) as response:
            if response.is_redirect:
                raise InvalidImage(
                    "The image URL redirects; give the final address.",
                    errors=one(loc, "redirects", "redirects"),
                )
            response.raise_for_status()
            return _bounded(response, deadline, loc)
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


def _bounded(response: requests.Response, deadline: float, loc: tuple[str | int, ...]) -> bytes:
    """The body, as long as it stays within the limits; a header that promises less is not believed."""
    parts, size = [], 0
    while part := response.raw.read1(CHUNK, decode_content=True):  # whatever has arrived, so that time counts
        size += len(part)
        if size > settings.ASSET_MAX_BYTES:
            raise InvalidImage(
                "The image behind the URL is too large; upload a smaller one as an asset.",
                errors=one(loc, "too large", "too_large"),
            )
        _in_time(deadline, loc)
        parts.append(part)
    return b"".join(parts)


def _in_time(deadline: float, loc: tuple[str | int, ...]) -> None:
    if time.monotonic() > deadline:
        raise InvalidImage(
            f"An image URL has {TOTAL_SECONDS:g} seconds, those of one request {TOGETHER_SECONDS:g} together;"
            " upload the image as an asset.",
            errors=one(loc, "too slow", "too_slow"),
        )
