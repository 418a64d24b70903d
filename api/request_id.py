"""The request id: taken from the client or made here, in every log line, answer, row and worker after it."""

import re
import uuid

import structlog
from asgiref.sync import iscoroutinefunction
from django.utils.decorators import sync_and_async_middleware

ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


@sync_and_async_middleware
def RequestIdMiddleware(get_response):
    """Sets `request.request_id` and the `X-Request-Id` header of the answer."""

    def begin(request):
        given = request.headers.get("X-Request-Id", "")
        request.request_id = given if ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.request_id)

    if iscoroutinefunction(get_response):

        async def middleware(request):
            begin(request)
            response = await get_response(request)
            response["X-Request-Id"] = request.request_id
            return response

    else:

        def middleware(request):
            begin(request)
            response = get_response(request)
            response["X-Request-Id"] = request.request_id
            return response

    return middleware
