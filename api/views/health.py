"""What probes and scrapers ask, without a key."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ..metrics import REGISTRY
from ..problems import problem
from ..readiness import missing


@csrf_exempt
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return JsonResponse({"status": "ok"})


@csrf_exempt
async def readyz(request: HttpRequest) -> HttpResponse:
    """This installation can do its work; else 503 with what is missing."""
    if lacking := await missing():
        refusal = problem("not_ready", " ".join(lacking), missing=lacking)
        refusal._has_been_logged = True  # probes ask every second: Django's error line each time is no help
        return refusal
    return JsonResponse({"status": "ready"})


@csrf_exempt
def metrics(request: HttpRequest) -> HttpResponse:
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
