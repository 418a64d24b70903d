"""Parts of a file, as players ask for them: one range of bytes a request (RFC 9110, section 14)."""

import re

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(Exception):
    """The range lies beyond the end of the file."""


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None when the whole file is to be sent.

    Several ranges, or something that is none, count as not asked for, as the standard allows.
    Raises: Unsatisfiable.
    """
    match = _RANGE.fullmatch((header or "").replace(" ", ""))
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size or start == end:
        raise Unsatisfiable
    return start, end
