"""Language models behind an address that speaks OpenAI's chat completions."""

import asyncio
from typing import Any, TypeVar

import httpx
from django.conf import settings
from django.db import connection
from pydantic import BaseModel, ValidationError

from gpu.errors import Decision, GpuError

Answer = TypeVar("Answer", bound=BaseModel)
WAIT_AND_SEE = frozenset({408, 409, 425, 429})  # statuses of clients' errors that pass


class LanguageModelAway(GpuError):
    """The language model did not answer, or not sensibly; another time it may."""

    code = "language_model_away"
    decision = Decision.TRANSIENT


class LanguageModelRefused(GpuError):
    """The language model refuses the request, or none is set up."""

    code = "language_model_refused"
    decision = Decision.CALLER


def ask(model: str, messages: list[dict[str, Any]], answer: type[Answer]) -> Answer:
    """The model's answer to a conversation, as structured output of the type `answer`.

    Raises: LanguageModelAway, LanguageModelRefused.
    """
    if not model:
        raise LanguageModelRefused("No model is set up for this; an operator names one in the environment.")
    shape = {"name": answer.__name__.lower(), "strict": True, "schema": answer.model_json_schema()}
    body = {
        "model": model,
        "messages": messages,
        "response_format": {"type": "json_schema", "json_schema": shape},
    }
    message = _message(_posted(body))
    if message.get("refusal"):
        raise LanguageModelRefused(f"The model {model} declined: {message['refusal']}")
    try:
        return answer.model_validate_json(message.get("content") or "")
    except ValidationError as error:
        raise LanguageModelAway(f"The model {model} did not answer in the form asked for.") from error


def _posted(body: dict[str, Any]) -> httpx.Response:
    url = settings.LANGUAGE_URL.rstrip("/") + "/chat/completions"
    headers = {"Authorization": f"Bearer {settings.LANGUAGE_KEY}"} if settings.LANGUAGE_KEY else {}
    if not connection.in_atomic_block:
        connection.close()  # a slow server must not keep a database connection from others
    try:
        answer = asyncio.run(_answer(url, body, headers))
    except (TimeoutError, httpx.TransportError) as error:
        raise LanguageModelAway(f"The language model did not answer ({type(error).__name__}).") from error
    if answer.is_server_error or answer.status_code in WAIT_AND_SEE:
        raise LanguageModelAway(f"The language model answered {answer.status_code}; it may pass.")
    if not answer.is_success:
        raise LanguageModelRefused(
            f"The language model answered {answer.status_code}: {_detail(answer)}; check its address, key and"
            " name."
        )
    return answer


async def _answer(url: str, body: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
    """One time for everything: a server that sends a little now and then gets no more of it."""
    async with asyncio.timeout(settings.LANGUAGE_SECONDS), httpx.AsyncClient(timeout=None) as client:
        return await client.post(url, json=body, headers=headers)


def _message(answer: httpx.Response) -> dict[str, Any]:
    try:
        return answer.json()["choices"][0]["message"]
    except (ValueError, LookupError, TypeError) as error:
        raise LanguageModelAway("The language model's answer is not a chat completion.") from error


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])[:300]
    except (ValueError, LookupError, TypeError):
        return "no reason given"
