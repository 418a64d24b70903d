"""`/v1/generations/{id}/events`: an async view, so that a stream costs no thread while nothing happens."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import MethodNotAllowed

from strategies.models import TERMINAL, Generation

from ..auth import user_of
from ..idle import in_database
from ..problems import problem_of
from ..stream import event_stream, has_everything

HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


@csrf_exempt  # it only reads
async def generation_events(request: HttpRequest, id: UUID) -> HttpResponseBase:
    try:
        generation = await in_database(_generation, request, id)
    except Exception as error:
        if response := problem_of(error):
            return response
        raise
    last_id = request.headers.get("Last-Event-ID", "")
    if last_id and generation.status in TERMINAL and await has_everything(generation.id, last_id):
        return HttpResponse(status=204)  # tells a browser's EventSource not to come back
    stream = event_stream(request, generation, last_id)
    return StreamingHttpResponse(stream, content_type="text/event-stream", headers=HEADERS)


def _generation(request: HttpRequest, id: UUID) -> Generation:
    if request.method != "GET":
        raise MethodNotAllowed(request.method)
    return get_object_or_404(Generation.objects.select_related("owner"), owner=user_of(request), id=id)
