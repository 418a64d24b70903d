"""`ETag` and `If-Match` (RFC 9110): nobody overwrites what they have not seen."""

import re

from rest_framework.request import Request

from .problems import Refused

# A proxy that compresses answers makes strong tags weak; ours name a version, which compression leaves alone.
TAG = re.compile(r'(?:W/)?"(\d{1,18})"')


def etag(version: int) -> str:
    return f'"{version}"'


def expected_version(request: Request) -> int | None:
    """The version that `If-Match` names; None without the header, or for `*`. Raises: Refused."""
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return None
    tag = TAG.fullmatch(header)
    if tag is None:
        raise Refused(
            "invalid_if_match", 'If-Match takes one ETag as an answer of this address gave it, such as "7".'
        )
    return int(tag[1])
