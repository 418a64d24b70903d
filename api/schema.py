"""What the OpenAPI document says beyond what the views say themselves."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from strategies.models import DeliveryStatus

from .problems import CONTENT_TYPE

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="Send the same key again to get the first answer again instead of doing the work twice.",
)  # fmt: skip
PREFER = OpenApiParameter(
    "Prefer", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="`wait` or `wait=N`: hold the answer until the generation is over, 60 seconds at most.",
)  # fmt: skip
DELIVERY_STATUS = OpenApiParameter(
    "status", OpenApiTypes.STR, enum=DeliveryStatus.values, description="Only those that stand so."
)
CREATING = [IDEMPOTENCY_KEY, PREFER]


class ProblemSerializer(serializers.Serializer):
    """RFC 9457, with a stable `code`; single fields at fault are listed in `errors`."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = inline_serializer(
        "ProblemField",
        {
            "loc": serializers.ListField(child=serializers.JSONField()),
            "msg": serializers.CharField(),
            "type": serializers.CharField(),
        },
        many=True, required=False,
    )  # fmt: skip


class AtelierSchema(AutoSchema):
    """Adds the problem response to every operation."""

    def _get_response_bodies(self, direction="response"):
        bodies = super()._get_response_bodies(direction)
        problem = OpenApiResponse(ProblemSerializer, "A problem; `code` says which.")
        return {
            **bodies,
            "default": self._get_response_for_code(problem, "default", [CONTENT_TYPE], direction),
        }


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "api.auth.BearerAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer", "description": "An API key."}


class BrowserScheme(OpenApiAuthenticationExtension):
    target_class = "api.auth.BrowserAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema):
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


EVENTS = """Server-sent events: `status`, `progress {prediction, step, steps, fraction}`,
`preview {prediction, image}`, `output {prediction, output}`, `completed` (the generation).
All of them from the beginning, or those after `Last-Event-ID`; 204 when there will be no more."""


def with_event_stream(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A post-processing hook: describes the one address that is no REST view, after the one beside it."""
    cancel = result["paths"]["/v1/generations/{id}/cancel"]["post"]
    last_id = {"in": "header", "name": "Last-Event-ID", "schema": {"type": "string"}}
    result["paths"]["/v1/generations/{id}/events"] = {
        "get": {
            "operationId": "generations_events",
            "description": EVENTS,
            "parameters": [*cancel["parameters"], last_id],
            "tags": cancel["tags"],
            "security": cancel["security"],
            "responses": {
                "200": {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": ""},
                "204": {"description": "The client has seen the end."},
                "default": cancel["responses"]["default"],
            },
        }
    }
    return result


def cancelled(noun: str, serializer: type[serializers.Serializer]) -> serializers.Serializer:
    """`{cancelled, NOUN}`."""
    fields = {"cancelled": serializers.BooleanField(), noun: serializer()}
    return inline_serializer(f"Cancelled{noun.capitalize()}", fields)
