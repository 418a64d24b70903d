"""Answers that a client may already have (RFC 9110, section 13)."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

import families

# What wrote an answer is part of what it is: a new release must not confirm the shapes of an older one.
CODE = sha256(
    b"".join(path.read_bytes() for path in sorted(Path(str(families.__file__)).parent.glob("*.py")))
).hexdigest()


def unless_known(request: Request, token: str, answer: Callable[[], Any]) -> HttpResponse:
    """The answer, or 304 for who has it. It is the same for as long as the token is, at the same address.

    The tag is weak: it stands for what the answer says, however it is compressed on its way.
    """
    opaque = sha256(f"{CODE} {token} {request.get_full_path()}".encode()).hexdigest()[:32]
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if known == ["*"] or f'"{opaque}"' in [tag.removeprefix("W/") for tag in known]:
        response = HttpResponseNotModified()
    else:
        response = Response(answer())
    response.headers["ETag"] = f'W/"{opaque}"'
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["Authorization", "Cookie"])
    return response
