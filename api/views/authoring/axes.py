"""`/v1/families/{family}/axes`."""

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from families.models import Axis, Family
from families.services import axis_add, axis_delete, axis_update
from families.services.axes import NewOption

from ...idempotency import idempotent
from ...preconditions import expected_version
from ...serializers.authoring import (
    AuthoredAxisSerializer,
    AxisChangeSerializer,
    AxisListSerializer,
    NewAxisSerializer,
    whole_list,
)
from ...serializers.base import parsed
from .base import CREATING, IF_MATCH, Authoring, tagged


class Axes(Authoring, APIView):
    @extend_schema(operation_id="axes_list", responses=AxisListSerializer)
    def get(self, request: Request, family: str) -> Response:
        """Every axis in the order of display; the list is short and comes whole."""
        row = get_object_or_404(Family, key=family)
        axes = AuthoredAxisSerializer(row.axes.prefetch_related("options"), many=True).data
        return tagged(whole_list(axes), row.version)

    @extend_schema(
        operation_id="axes_create", request=NewAxisSerializer, responses={201: AuthoredAxisSerializer},
        parameters=CREATING,
    )  # fmt: skip
    @idempotent
    @transaction.atomic
    def post(self, request: Request, family: str) -> Response:
        """Add a control. Every member is incomplete until it has a value for it; see `…/retuple`."""
        fields = parsed(NewAxisSerializer, request)
        options = [NewOption(**option) for option in fields.pop("options")]
        row = get_object_or_404(Family, key=family)
        axis = axis_add(family=row, options=options, expected_version=expected_version(request), **fields)
        return _answer(axis, status=201)


class AxisDetail(Authoring, APIView):
    @extend_schema(operation_id="axes_read", responses=AuthoredAxisSerializer)
    def get(self, request: Request, family: str, axis: str) -> Response:
        return _shown(_axis(family, axis))

    @extend_schema(
        operation_id="axes_update", request=AxisChangeSerializer, responses=AuthoredAxisSerializer,
        parameters=[IF_MATCH],
    )  # fmt: skip
    @transaction.atomic
    def patch(self, request: Request, family: str, axis: str) -> Response:
        changes = parsed(AxisChangeSerializer, request)
        row = _axis(family, axis)
        return _answer(axis_update(axis=row, expected_version=expected_version(request), **changes))

    @extend_schema(operation_id="axes_delete", responses={204: None}, parameters=[IF_MATCH])
    def delete(self, request: Request, family: str, axis: str) -> Response:
        """Remove a control that no member has a value for."""
        axis_delete(axis=_axis(family, axis), expected_version=expected_version(request))
        return Response(status=204)


def _axes() -> QuerySet[Axis]:
    return Axis.objects.select_related("family").prefetch_related("options")


def _axis(family: str, key: str) -> Axis:
    return get_object_or_404(_axes(), family__key=family, key=key)


def _shown(axis: Axis, status: int = 200) -> Response:
    return tagged(AuthoredAxisSerializer(axis).data, axis.family.version, status)


def _answer(axis: Axis, status: int = 200) -> Response:
    """The axis as it was just written."""
    return _shown(_axes().get(pk=axis.pk), status)
