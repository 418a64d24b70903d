"""`/v1/assets`: pictures that people bring."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from strategies.assets import asset_create

from ..idempotency import idempotent
from ..schema import IDEMPOTENCY_KEY
from ..selectors import assets_of
from ..serializers.assets import AssetSerializer, AssetUploadSerializer
from ..serializers.base import parsed


class Assets(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="assets_create", request=AssetUploadSerializer, responses={201: AssetSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Store a picture; wherever an image is wanted, its id will do."""
        upload = parsed(AssetUploadSerializer, request)["file"]
        asset = asset_create(request.user, upload.read())
        return Response(AssetSerializer(asset, context={"request": request}).data, status=201)


class AssetDetail(APIView):
    @extend_schema(operation_id="assets_read", responses=AssetSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        asset = get_object_or_404(assets_of(request.user), id=id)
        return Response(AssetSerializer(asset, context={"request": request}).data)
