"""`/v1/files/{token}`: pictures under signed addresses that expire."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from strategies.models import Asset

from ..links import asset_of_token


class File(APIView):
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(operation_id="files_read", auth=[], responses={(200, "image/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, token: str) -> HttpResponse:
        """The picture itself. The signature is the permission: no key is needed until the address expires."""
        asset = get_object_or_404(Asset, id=asset_of_token(token))
        try:
            with asset.file.open() as file:
                content = file.read()  # an async server would collect a stream before sending it, too
        except FileNotFoundError:
            raise Http404 from None
        name = asset.file.name.rpartition("/")[2]
        headers = {
            "Content-Disposition": f"inline; filename={name}",
            "Cache-Control": "private, max-age=86400, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        return HttpResponse(content, content_type=asset.content_type, headers=headers)
