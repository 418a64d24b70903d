"""`Prefer: wait`: the answer to a new generation is held until it is over, holding nothing else."""

import asyncio
import re
from typing import Any
from uuid import UUID

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import async_only_middleware
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from strategies.models import Generation

from .hub import hub, still_live
from .idle import in_database, let_go
from .selectors import whole
from .serializers.generations import generation_document

MAX_SECONDS = 60
ROUTES = re.compile(r"generations(-.+)?|prediction-replay")  # names; a shorthand is generations-NAME
WAIT = re.compile(r"(?:^|[,;])\s*wait(?:\s*=\s*\"?(\d{1,6})\"?)?\s*(?=[,;]|$)", re.IGNORECASE)


@async_only_middleware
def PreferWaitMiddleware(get_response):
    """Turns the 202 of a route that makes generations into their end, or their state when time is up."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        seconds = preferred_seconds(request)
        match = request.resolver_match
        if seconds is None or response.status_code != 202 or not match:
            return response
        if not ROUTES.fullmatch(match.url_name or ""):
            return response
        await let_go()
        return await _held(request, response, seconds)

    return middleware


def preferred_seconds(request: HttpRequest) -> int | None:
    """N of `Prefer: wait=N`, 60 at most and by default; None without that preference."""
    found = WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found[1] or MAX_SECONDS), MAX_SECONDS) if found else None


async def _held(request: HttpRequest, response: Response, seconds: int) -> Response:
    """The same response with the generation as it is when the wait ends."""
    generation = UUID(response.data["id"])
    try:
        over = await _over_within(generation, seconds)
        document = await in_database(_document, request, generation)
    except DatabaseError:
        return response  # accepted it is, and that has been said
    if document:
        response.status_code = 201 if over else 202
        response.content = JSONRenderer().render(document)
        response.headers["Content-Length"] = str(len(response.content))
    response.headers["Preference-Applied"] = f"wait={seconds}"
    return response


def _document(request: HttpRequest, generation: UUID) -> dict[str, Any] | None:
    row = whole(Generation.objects.filter(id=generation)).first()
    return generation_document(row, request) if row else None


async def _over_within(generation: UUID, seconds: int) -> bool:
    with hub().listening(generation) as listener:
        if not await in_database(still_live, [generation]):
            return True
        try:
            async with asyncio.timeout(seconds):
                return await listener.over.wait()
        except TimeoutError:
            return False
