"""`/v1/webhooks`: where an account hears of its generations, and the log of what was sent."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from strategies.errors import one
from strategies.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from strategies.webhooks.deliveries import delivery_replay
from strategies.webhooks.endpoints import (
    endpoint_create,
    endpoint_delete,
    endpoint_update,
    endpoint_url,
)
from strategies.webhooks.secrets import endpoint_rotate, own_secret, own_secret_rotate

from ..idempotency import idempotent, idempotent_after
from ..pagination import NewestFirst
from ..problems import Refused
from ..schema import DELIVERY_STATUS, IDEMPOTENCY_KEY
from ..selectors import deliveries_of, webhooks_of
from ..serializers.base import parsed
from ..serializers.webhooks import (
    NewWebhookSerializer,
    WebhookChangeSerializer,
    WebhookDeliverySerializer,
    WebhookSecretSerializer,
    WebhookSerializer,
    WebhookWithSecretSerializer,
)


class Webhooks(GenericAPIView):
    pagination_class = NewestFirst
    serializer_class = WebhookSerializer

    @extend_schema(operation_id="webhooks_list")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(webhooks_of(request.user))
        return self.get_paginated_response(WebhookSerializer(page, many=True).data)

    def prepared(self, request: Request) -> dict[str, Any]:
        fields = parsed(NewWebhookSerializer, request)
        return {**fields, "url": endpoint_url(fields["url"])}

    @extend_schema(
        operation_id="webhooks_create", request=NewWebhookSerializer,
        responses={201: WebhookWithSecretSerializer}, parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    @idempotent_after(prepared)
    def post(self, request: Request, prepared: dict[str, Any]) -> Response:
        """Hear of every generation of this account. The answer shows the secret, once."""
        endpoint = endpoint_create(owner=request.user, **prepared)
        return Response(WebhookWithSecretSerializer(endpoint).data, status=201)


class WebhookView(APIView):
    """What is about one webhook."""

    def endpoint(self, request: Request, id: UUID) -> WebhookEndpoint:
        return get_object_or_404(webhooks_of(request.user), id=id)


class WebhookDetail(WebhookView):
    @extend_schema(operation_id="webhooks_read", responses=WebhookSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(WebhookSerializer(self.endpoint(request, id)).data)

    @extend_schema(
        operation_id="webhooks_update", request=WebhookChangeSerializer, responses=WebhookSerializer
    )
    def patch(self, request: Request, id: UUID) -> Response:
        """Change some fields. What is disabled hears of nothing; what waited for it can be replayed."""
        changes = parsed(WebhookChangeSerializer, request)
        return Response(WebhookSerializer(endpoint_update(self.endpoint(request, id), **changes)).data)

    @extend_schema(operation_id="webhooks_delete", responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        """Forget it with its deliveries."""
        endpoint_delete(self.endpoint(request, id))
        return Response(status=204)


class WebhookRotate(WebhookView):
    @extend_schema(
        operation_id="webhooks_rotate", request=None, responses=WebhookWithSecretSerializer,
        parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        """A new secret, shown once; the old one signs along for 24 hours."""
        return Response(WebhookWithSecretSerializer(endpoint_rotate(self.endpoint(request, id))).data)


class OwnWebhookSecretDetail(APIView):
    @extend_schema(operation_id="webhooks_default_secret_read", responses=WebhookSecretSerializer)
    def get(self, request: Request) -> Response:
        """The secret that signs what is sent to the `webhook` of single requests."""
        return Response(WebhookSecretSerializer(own_secret(request.user)).data)


class OwnWebhookSecretRotate(APIView):
    @extend_schema(
        operation_id="webhooks_default_secret_rotate", request=None, responses=WebhookSecretSerializer,
        parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """A new one; the old one signs along for 24 hours."""
        return Response(WebhookSecretSerializer(own_secret_rotate(request.user)).data)


class Deliveries(GenericAPIView):
    """A list of deliveries, newest first; `?status=` keeps those that stand so."""

    pagination_class = NewestFirst
    serializer_class = WebhookDeliverySerializer

    def listed(self, request: Request, rows: QuerySet[WebhookDelivery]) -> Response:
        if status := request.query_params.get("status"):
            if status not in DeliveryStatus.values:
                known = ", ".join(DeliveryStatus.values)
                raise Refused(
                    "invalid_request", f"The status is one of {known}.",
                    errors=one(("status",), f"one of {known}", "invalid_choice"),
                )  # fmt: skip
            rows = rows.filter(status=status)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(WebhookDeliverySerializer(page, many=True).data)


class WebhookDeliveries(Deliveries):
    @extend_schema(operation_id="webhooks_deliveries_list", parameters=[DELIVERY_STATUS])
    def get(self, request: Request, id: UUID) -> Response:
        """What was sent to this webhook in the last 30 days, and what waits."""
        endpoint = get_object_or_404(webhooks_of(request.user), id=id)
        return self.listed(request, deliveries_of(request.user).filter(endpoint=endpoint))


class OwnWebhookDeliveries(Deliveries):
    @extend_schema(operation_id="webhooks_default_deliveries_list", parameters=[DELIVERY_STATUS])
    def get(self, request: Request) -> Response:
        """What was sent to the `webhook` of single requests in the last 30 days, and what waits."""
        return self.listed(request, deliveries_of(request.user).filter(endpoint=None))


class WebhookDeliveryDetail(APIView):
    @extend_schema(operation_id="webhooks_deliveries_read", responses=WebhookDeliverySerializer)
    def get(self, request: Request, id: UUID) -> Response:
        delivery = get_object_or_404(deliveries_of(request.user), id=id)
        return Response(WebhookDeliverySerializer(delivery).data)


class WebhookDeliveryReplay(APIView):
    @extend_schema(
        operation_id="webhooks_deliveries_replay", request=None,
        responses={202: WebhookDeliverySerializer}, parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        """Send it again under the same `webhook-id`, with a schedule of its own."""
        delivery = delivery_replay(get_object_or_404(deliveries_of(request.user), id=id))
        return Response(WebhookDeliverySerializer(delivery).data, status=202)
