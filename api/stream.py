"""A generation's events as server-sent events: replayed from where the client left off, then followed."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from rest_framework.renderers import JSONRenderer

from strategies.models import Generation, Prediction

from .hub import Event, hub
from .idle import in_database, let_go
from .selectors import generations_of, predictions_of
from .serializers.generations import generation_document, output_documents

KEEP_ALIVE_SECONDS = 15.0
KEEP_ALIVE = b": keep-alive\n\n"
BEGINNING = "0-0"
FROM_THE_ROW = "over"  # the id of events that are told from the row because the stream is gone
EVENT_ID = re.compile(r"\d{1,20}-\d{1,20}")


async def has_everything(generation: UUID, last_id: str) -> bool:
    """Whether a client that has seen `last_id` has seen the end; a browser would come back for ever."""
    if last_id == FROM_THE_ROW:
        return True
    last = await hub().last(generation) if EVENT_ID.fullmatch(last_id) else None
    return last is not None and last.name == "completed" and last.id == last_id


async def event_stream(request: HttpRequest, generation: Generation, last_id: str) -> AsyncIterator[bytes]:
    """Frames from after `last_id` to `completed`, with a comment now and then while nothing happens."""
    after = last_id if EVENT_ID.fullmatch(last_id) else BEGINNING
    await let_go()
    with hub().listening(generation.id) as listener:
        while True:
            over = listener.over.is_set()  # asked before reading: what was said before the end is then read
            listener.news.clear()
            events = await hub().read(generation.id, after)
            for event in events:
                yield await _frame(request, generation, event)
                after = event.id
                if event.name == "completed":
                    return
            if over and not events:
                for frame in await in_database(_from_the_row, request, generation):
                    yield frame
                return
            if not events and not await _news(listener.news):
                yield KEEP_ALIVE


async def _news(news: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(KEEP_ALIVE_SECONDS):
            return await news.wait()
    except TimeoutError:
        return False


async def _frame(request: HttpRequest, generation: Generation, event: Event) -> bytes:
    """An event as the client gets it: pictures with fresh addresses, the end with the whole generation."""
    data = json.loads(event.data)
    match event.name:
        case "output":
            data = await in_database(_outputs, request, generation, UUID(data["prediction"])) or data
        case "completed":
            data = await in_database(_whole, request, generation) or data
    return b"id: %b\n%b" % (event.id.encode(), _encoded(event.name, data))


def _outputs(request: HttpRequest, generation: Generation, prediction: UUID) -> dict[str, Any] | None:
    row = predictions_of(generation.owner).filter(id=prediction).first()
    return _output(row, request) if row else None


def _whole(request: HttpRequest, generation: Generation) -> dict[str, Any] | None:
    row = generations_of(generation.owner).filter(id=generation.id).first()
    return generation_document(row, request) if row else None


def _from_the_row(request: HttpRequest, generation: Generation) -> list[bytes]:
    """The end as the row tells it: the stream has expired, or Redis is away."""
    row = generations_of(generation.owner).filter(id=generation.id).first()
    if row is None:
        return []

    def events() -> Iterator[tuple[str, Any]]:
        yield "status", {"generation": str(row.id), "status": row.status}
        for prediction in row.predictions.all():
            if prediction.outputs.all():
                yield "output", _output(prediction, request)
        yield "completed", generation_document(row, request)

    *first, last = [_encoded(name, data) for name, data in events()]
    return [*first, b"id: %b\n%b" % (FROM_THE_ROW.encode(), last)]


def _output(prediction: Prediction, request: HttpRequest) -> dict[str, Any]:
    return {"prediction": str(prediction.id), "output": output_documents(prediction, request)}


def _encoded(name: str, data: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), JSONRenderer().render(data))
