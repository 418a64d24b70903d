"""Waiting until something that was just started answers."""

import time
from collections.abc import Callable
from functools import partial

import httpx

from api.stack import postgres, redis
from api.stack.client import problem
from api.stack.errors import NotInTime
from api.stack.supervisor import Supervisor

POLL_SECONDS = 0.4  # short beside any start; each look at /readyz costs the starting machine
Probe = Callable[[], str | None]  # what is still wrong, or None


def wait_for(supervisor: Supervisor, probe: Probe, seconds: float, culprit: str | None = None) -> None:
    """Try until nothing is wrong.

    Parameters: `culprit` is the program whose last log lines explain why not.
    Raises: StackError when a program keeps dying; NotInTime when time is up.
    """
    end = time.monotonic() + seconds
    while trouble := probe():
        supervisor.require_healthy()
        if time.monotonic() > end:
            words = f" {supervisor.last_words(culprit)}" if culprit else ""
            raise NotInTime(f"After {seconds:.0f} seconds {trouble}.{words}")
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
        return f"nothing answers at {url}"
    if answer.status_code in accepted:
        return None
    return f"{url} still says {answer.status_code}: {problem(answer).rstrip('.')}"
