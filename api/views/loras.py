"""`/v1/loras`: adapters that people bring."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from strategies.loras import lora_create, lora_delete

from ..idempotency import idempotent
from ..pagination import NewestFirst
from ..schema import IDEMPOTENCY_KEY
from ..selectors import loras_of
from ..serializers.assets import LoraSerializer, LoraUploadSerializer
from ..serializers.base import parsed


class Loras(GenericAPIView):
    parser_classes = (MultiPartParser,)
    pagination_class = NewestFirst
    serializer_class = LoraSerializer

    @extend_schema(operation_id="loras_list")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(loras_of(request.user))
        return self.get_paginated_response(LoraSerializer(page, many=True).data)

    @extend_schema(
        operation_id="loras_create", request=LoraUploadSerializer, responses={201: LoraSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Check and store a LoRA: safetensors only."""
        fields = parsed(LoraUploadSerializer, request)
        lora = lora_create(request.user, fields["name"], fields["file"])
        return Response(LoraSerializer(lora).data, status=201)


class LoraDetail(APIView):
    @extend_schema(operation_id="loras_read", responses=LoraSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(LoraSerializer(get_object_or_404(loras_of(request.user), id=id)).data)

    @extend_schema(operation_id="loras_delete", responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        lora_delete(get_object_or_404(loras_of(request.user), id=id))
        return Response(status=204)
