"""Problem responses (RFC 9457): every refusal and every failure in one shape, with one table of statuses."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

import structlog
from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views import defaults
from rest_framework import exceptions

from families.errors import CatalogueError
from strategies.errors import Problem, RequestError

log = structlog.get_logger(__name__)
CONTENT_TYPE = "application/problem+json"
MAX_ERRORS = 50  # more help nobody
NOT_FOUND = "There is no such thing here, or it is not yours: check the id."
NO_ROUTE = "There is no such address; /docs/ lists them all."

# Code → HTTP status; a code that is not here is about the content of the request.
UNPROCESSABLE = 422
STATUSES = {
    "bad_request": 400,
    "malformed_body": 400,
    "not_authenticated": 401,
    "invalid_api_key": 401,
    "permission_denied": 403,
    "staff_only": 403,
    "csrf_failed": 403,
    "age_verification_required": 403,
    "url_expired": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "no_member": 409,
    "member_unavailable": 409,
    "workflow_unavailable": 409,
    "duplicate_key": 409,
    "duplicate_tuple": 409,
    "workflow_already_member": 409,
    "workflow_in_use": 409,
    "axis_in_use": 409,
    "option_in_use": 409,
    "still_running": 409,
    "not_waiting": 409,
    "no_pool_fits": 409,
    "lora_in_use": 409,
    "asset_in_use": 409,
    "too_many_webhooks": 409,
    "webhook_disabled": 409,
    "delivery_under_way": 409,
    "secret_unreadable": 409,
    "idempotency_in_progress": 409,
    "stale_version": 412,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "throttled": 429,
    "internal_error": 500,
    "unavailable": 503,
    "not_ready": 503,
}


class Refused(Exception):
    """A request that the HTTP room itself refuses; `code` is stable, `detail` says what to do."""

    def __init__(self, code: str, detail: str, *, errors: Iterable[Problem] = (), **extra: Any) -> None:
        super().__init__(detail)
        self.code, self.detail, self.errors, self.extra = code, detail, list(errors), extra


def problem(
    code: str,
    detail: str,
    *,
    status: int | None = None,
    errors: Iterable[Problem] = (),
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> JsonResponse:
    """The one way to say no. `extra` members (`nearest`, `reasons`, …) stand beside the standard ones."""
    status = status or STATUSES.get(code, UNPROCESSABLE)
    listed = list(islice(errors, MAX_ERRORS))
    body = {
        "type": f"urn:atelier:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        **({"errors": listed} if listed else {}),
        **extra,
    }
    response = JsonResponse(body, status=status, headers=headers, content_type=CONTENT_TYPE)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="atelier"'
    return response


def problem_of(error: Exception, statuses: Mapping[str, int] | None = None) -> JsonResponse | None:
    """The problem an exception stands for; None for a bug. `statuses` go before the common table."""
    match error:
        case CatalogueError():
            errors = [Problem(**asdict(item)) for item in error.errors]
            if not errors and error.loc:
                errors = [Problem(loc=list(error.loc), msg=error.detail, type=error.code)]
            status = (statuses or {}).get(error.code)
            return problem(error.code, error.detail, status=status, errors=errors, **error.extra)
        case RequestError() | Refused():
            return problem(error.code, error.detail, errors=error.errors, **error.extra)
        case exceptions.ValidationError():
            errors = list(_flattened(error.detail))
            return problem("invalid_request", _sentence(errors), errors=errors)
        case ObjectDoesNotExist():  # it was there a moment ago
            return problem("not_found", NOT_FOUND)
        case exceptions.APIException() | Http404() | PermissionDenied() | SuspiciousOperation():
            return _standard_problem(error)
        case OperationalError() | InterfaceError():
            log.error("database_unavailable", error=str(error))
            return problem(
                "unavailable", "The database does not answer; try again soon.", headers={"Retry-After": "5"}
            )
    return None


def _standard_problem(error: Exception) -> JsonResponse:
    """What Django and its REST framework raise themselves."""
    match error:
        case exceptions.AuthenticationFailed():
            return problem("invalid_api_key", str(error.detail))
        case exceptions.NotAuthenticated():
            return problem("not_authenticated", "Send an API key as “Authorization: Bearer KEY”, or sign in.")
        case exceptions.NotFound() | Http404():
            return problem("not_found", NOT_FOUND)
        case exceptions.PermissionDenied() | PermissionDenied():
            return problem("permission_denied", "This account may not do that.")
        case exceptions.MethodNotAllowed():
            return problem("method_not_allowed", f"{error.detail} See /docs/ for what this address takes.")
        case exceptions.ParseError():
            return problem("malformed_body", str(error.detail))
        case exceptions.UnsupportedMediaType():
            return problem(
                "unsupported_media_type", f"{error.detail} See /docs/ for what this address takes."
            )
        case exceptions.Throttled():
            return problem("throttled", str(error.detail), headers={"Retry-After": str(error.wait or 1)})
        case RequestDataTooBig():
            return problem("body_too_large", "The request is too large; upload images as assets first.")
        case exceptions.APIException():
            return problem("bad_request", str(error.detail), status=error.status_code)
    return problem("bad_request", f"The request was refused ({type(error).__name__}).")


def _flattened(detail: Any, loc: tuple[str | int, ...] = ()) -> Iterator[Problem]:
    """The REST framework's nested error details as one list."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            yield from _flattened(inner, loc if key == "non_field_errors" else (*loc, key))
    elif isinstance(detail, list):
        nested = any(isinstance(item, list | Mapping) for item in detail)
        for index, inner in enumerate(detail):
            yield from _flattened(inner, (*loc, index) if nested else loc)
    else:
        yield Problem(loc=list(loc), msg=str(detail), type=detail.code)


def _sentence(errors: list[Problem]) -> str:
    parts = [": ".join(filter(None, (".".join(map(str, item["loc"])), item["msg"]))) for item in errors[:5]]
    return " ".join(parts) or "The request cannot be used."


def rest_exception_handler(error: Exception, context: Mapping[str, Any]) -> JsonResponse | None:
    """REST_FRAMEWORK["EXCEPTION_HANDLER"]: a view may answer single codes with another status."""
    return problem_of(error, getattr(context.get("view"), "problem_statuses", None))


# --- what Django answers outside of the REST views; the admin keeps Django's own pages ---------------------
def bad_request(request: HttpRequest, exception: Exception):
    return problem_of(exception) or problem("bad_request", "The request was refused.")


def permission_denied(request: HttpRequest, exception: Exception):
    if request.path.startswith("/admin/"):
        return defaults.permission_denied(request, exception)
    return problem("permission_denied", "This account may not do that.")


def page_not_found(request: HttpRequest, exception: Exception):
    if request.path.startswith("/admin/"):
        return defaults.page_not_found(request, exception)
    return problem("not_found", NO_ROUTE)


def server_error(request: HttpRequest):
    if request.path.startswith("/admin/"):
        return defaults.server_error(request)
    request_id = getattr(request, "request_id", "")
    return problem(
        "internal_error",
        f"Something went wrong on our side; try again, and tell the operator the request id {request_id}.",
        request_id=request_id,
    )


def csrf_failure(request: HttpRequest, reason: str = ""):
    """CSRF_FAILURE_VIEW. A sign-in page that was left open too long is shown afresh."""
    if request.path == reverse("studio-sign-in"):
        return redirect(request.get_full_path())
    return problem("csrf_failed", f"{reason} Send the X-CSRFToken header, or use an API key.")
