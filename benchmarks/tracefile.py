"""Reading a trace, and saying what is wrong with one."""

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gpu.requests import MAX_ADAPTERS, MAX_IMAGES, MAX_SIDE, MAX_STEPS, MIN_SIDE

from .traces import HEADER, Request


class TraceError(Exception):
    """A file is no trace; the message says where and what to do."""


def read_trace(path: Path) -> list[Request]:
    """The requests of a file, by arrival. Raises: TraceError."""
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except OSError as error:
        raise TraceError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise TraceError(f"{path} is not a CSV file in UTF-8: {error}.") from error
    expected = ",".join(HEADER)
    if not rows or tuple(rows[0]) != HEADER:
        raise TraceError(f"{path}, line 1: the header must be {expected}.")
    requests = [_request(path, line, row) for line, row in enumerate(rows[1:], start=2) if row]
    if not requests:
        raise TraceError(f"{path} has no requests; write one below the header.")
    return sorted(requests, key=lambda request: request.arrival_s)


def _request(path: Path, line: int, row: list[str]) -> Request:
    if len(row) != len(HEADER):
        raise TraceError(f"{path}, line {line}: {len(row)} values; give {len(HEADER)}, as in the header.")
    values: dict[str, Any] = {}
    for name, text in zip(HEADER, row, strict=True):
        try:
            values[name] = _PARSERS[name](text.strip())
        except ValueError as error:
            raise TraceError(f"{path}, line {line}: {name} is {text!r}; use {error}.") from error
    return Request(**values)


def _moment(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError("seconds since the beginning, 0 or more")
    return seconds


def _name(text: str) -> str:
    if not text:
        raise ValueError("a name")
    return text


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(";")) if text else ()
    if not all(names) or len(names) > MAX_ADAPTERS:
        raise ValueError(f"at most {MAX_ADAPTERS} names with ; between them, or nothing")
    return names


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return parse


_PARSERS: dict[str, Callable[[str], Any]] = {
    "arrival_s": _moment,
    "owner": _name,
    "model": _name,
    "loras": _names,
    "width": _whole(MIN_SIDE, MAX_SIDE),
    "height": _whole(MIN_SIDE, MAX_SIDE),
    "steps": _whole(1, MAX_STEPS),
    "images": _whole(1, MAX_IMAGES),
}
