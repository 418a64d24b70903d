"""Waiting until something that was just started answers."""

import time
from collections.abc import Callable
from functools import partial

import httpx

from api.stack import postgres, redis
from api.stack.supervisor import Supervisor

POLL_SECONDS = 0.2
PAGE_POLL_SECONDS = 0.5  # a page costs its server more than a connection
Probe = Callable[[], str | None]  # what is still wrong, or None


def wait_for(supervisor: Supervisor, probe: Probe, seconds: float, culprit: str) -> None:
    """Try until nothing is wrong.

    Raises: StackError when a program keeps dying, or when time is up, with the end of the culprit's log.
    """
    end = time.monotonic() + seconds
    while trouble := probe():
        supervisor.require_healthy()
        if time.monotonic() > end:
            raise supervisor.failure(culprit, f"{trouble} after {seconds:.0f} seconds.")
        time.sleep(POLL_SECONDS)


def database(url: str) -> Probe:
    """Satisfied when PostgreSQL answers and has our database, which it creates."""
    return lambda: None if postgres.ensure_database(url) else "PostgreSQL does not answer"


def cache(url: str) -> Probe:
    return lambda: None if redis.answers(url) else "Redis does not answer"


def page(url: str, *accepted: int) -> Probe:
    """Satisfied by an HTTP answer with one of these statuses."""
    return partial(_page, url, accepted)


def _page(url: str, accepted: tuple[int, ...]) -> str | None:
    try:
        # The environment's proxies are not for loopback.
        answer = httpx.get(url, trust_env=False, timeout=5)
    except httpx.HTTPError:
        return f"Nothing answers at {url}"
    return (
        None
        if answer.status_code in accepted
        else f"{url} still says {answer.status_code} {answer.text[:500]}"
    )
