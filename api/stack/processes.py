"""Processes that an earlier run left behind: finding them, and seeing them go."""

import time
from collections.abc import Callable

import psutil

POLL_SECONDS = 0.05


def matching(belongs: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """The living processes that belong; one that has gone, or is not ours to look into, does not."""
    found = []
    for process in psutil.process_iter():
        try:
            if belongs(process):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def wait_gone(find: Callable[[], list[psutil.Process]], seconds: float) -> list[psutil.Process]:
    """Wait until nothing is found any more and return what is left when time is up.

    Looking again, rather than waiting for the processes, ignores zombies that nobody reaps.
    """
    end = time.monotonic() + seconds
    while (left := find()) and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
    return left
