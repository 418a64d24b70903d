"""What the authoring views share."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.response import Response

from families.models import Family

from ...permissions import IsStaff
from ...preconditions import etag
from ...schema import IDEMPOTENCY_KEY

IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="The ETag of what you have seen; 412 `stale_version` if somebody else has saved since.",
)  # fmt: skip
CREATING = [IDEMPOTENCY_KEY, IF_MATCH]


class Authoring:
    """For staff; what the address names and is not there is 404, whoever finds out."""

    permission_classes = (IsStaff,)
    problem_statuses = {"unknown_family": 404}


def tagged(document: Any, version: int, status: int = 200) -> Response:
    """An answer under the version of the family or workflow that it shows.

    A view that writes calls this inside its transaction, so that the version is that of its own write.
    """
    return Response(document, status=status, headers={"ETag": etag(version)})


def version_of(family: Family) -> int:
    """The stored version of a family."""
    return Family.objects.values_list("version", flat=True).get(pk=family.pk)
