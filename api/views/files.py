"""`/v1/files/{token}`: pictures and clips under signed addresses that expire."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from strategies.models import Asset

from ..links import asset_of_token
from ..ranges import Unsatisfiable, parse_range

CONTENT = {
    (200, "image/*"): OpenApiTypes.BINARY,
    (200, "video/mp4"): OpenApiTypes.BINARY,
    (206, "video/mp4"): OpenApiTypes.BINARY,
}


class File(APIView):
    authentication_classes = ()
    permission_classes = ()

    @extend_schema(operation_id="files_read", auth=[], responses=CONTENT)
    def get(self, request: Request, token: str) -> HttpResponse:
        """The file itself, or the `Range` of bytes asked for.

        The signature is the permission: no key is needed until the address expires.
        """
        asset = get_object_or_404(Asset, id=asset_of_token(token))
        try:
            with asset.file.open() as file:
                content = file.read()  # an async server would collect a stream before sending it, too
        except FileNotFoundError:
            raise Http404 from None
        name = asset.file.name.rpartition("/")[2]
        headers = {
            "Accept-Ranges": "bytes",
            "Content-Disposition": f"inline; filename={name}",
            "Cache-Control": "private, max-age=86400, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        return _answer(content, request.headers.get("Range"), asset.content_type, headers)


def _answer(content: bytes, wanted: str | None, content_type: str, headers: dict[str, str]) -> HttpResponse:
    size = len(content)
    try:
        part = parse_range(wanted, size)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    if part is None:
        return HttpResponse(content, content_type=content_type, headers=headers)
    start, end = part
    headers = {**headers, "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    return HttpResponse(content[start:end], status=206, content_type=content_type, headers=headers)
