"""Bodies that are too large are refused while they arrive: Django would first write all of them to disk."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from .problems import CONTENT_TYPE, problem

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

UPLOADS = "/v1/loras"  # the one address that takes large files
ENVELOPE = 1024 * 1024  # what multipart adds at most


class TooLarge(Exception):
    """The body has grown beyond its limit."""


def limited(application: Application) -> Application:
    """The ASGI application behind a limit on every request's body."""

    async def guard(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        large = scope["path"] == UPLOADS and scope["method"] == "POST" and _has_credentials(scope)
        limit = settings.LORA_MAX_BYTES if large else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        left = limit + ENVELOPE

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise TooLarge
            return message

        try:
            if _announced(scope) > left:
                raise TooLarge
            await application(scope, counted, send)
        except TooLarge:  # Django reads the whole body before it answers anything
            await _refuse(send, limit)

    return guard


def _has_credentials(scope: MutableMapping[str, Any]) -> bool:
    """Whether anything is sent that could be a key or a session; whether it is one shows later."""
    return any(name in (b"authorization", b"cookie") for name, _ in scope["headers"])


def _announced(scope: MutableMapping[str, Any]) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


async def _refuse(send: Send, limit: int) -> None:
    answer = problem("body_too_large", f"The body is larger than {limit // 2**20} MiB; send less.")
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})
