"""`/v1/families`: a family, and what it lacks."""

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from families.completeness import completeness
from families.models import Family
from families.services import family_create, family_delete, family_update

from ...idempotency import idempotent
from ...pagination import NewestFirst
from ...preconditions import expected_version
from ...schema import IDEMPOTENCY_KEY
from ...serializers.authoring import (
    AuthoredFamilySerializer,
    CompletenessSerializer,
    FamilyChangeSerializer,
    NewFamilySerializer,
)
from ...serializers.base import parsed
from .base import IF_MATCH, Authoring, tagged


class Families(Authoring, GenericAPIView):
    pagination_class = NewestFirst
    serializer_class = AuthoredFamilySerializer

    @extend_schema(operation_id="families_list")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(_families())
        return self.get_paginated_response(AuthoredFamilySerializer(page, many=True).data)

    @extend_schema(
        operation_id="families_create", request=NewFamilySerializer,
        responses={201: AuthoredFamilySerializer}, parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Make an empty family; then give it axes and members."""
        return _answer(family_create(**parsed(NewFamilySerializer, request)), status=201)


class FamilyDetail(Authoring, APIView):
    @extend_schema(operation_id="families_read", responses=AuthoredFamilySerializer)
    def get(self, request: Request, family: str) -> Response:
        return _answer(get_object_or_404(_families(), key=family))

    @extend_schema(
        operation_id="families_update", request=FamilyChangeSerializer, responses=AuthoredFamilySerializer,
        parameters=[IF_MATCH],
    )  # fmt: skip
    @transaction.atomic
    def patch(self, request: Request, family: str) -> Response:
        changes = parsed(FamilyChangeSerializer, request)
        row = get_object_or_404(Family, key=family)
        family_update(family=row, expected_version=expected_version(request), **changes)
        return _answer(_families().get(pk=row.pk))

    @extend_schema(operation_id="families_delete", responses={204: None}, parameters=[IF_MATCH])
    def delete(self, request: Request, family: str) -> Response:
        """Forget a family with its axes and members; workflows and past generations stay."""
        row = get_object_or_404(Family, key=family)
        family_delete(family=row, expected_version=expected_version(request))
        return Response(status=204)


class FamilyCompleteness(Authoring, APIView):
    @extend_schema(operation_id="families_completeness", responses=CompletenessSerializer)
    def get(self, request: Request, family: str) -> Response:
        """Holes, members that cannot be selected, and options that lead nowhere."""
        return Response(completeness(family))


def _families() -> QuerySet[Family]:
    return Family.objects.prefetch_related("axes__options")


def _answer(family: Family, status: int = 200) -> Response:
    return tagged(AuthoredFamilySerializer(family).data, family.version, status)
