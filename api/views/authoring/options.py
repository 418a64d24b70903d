"""`/v1/families/{family}/axes/{axis}/options`."""

from django.db import transaction
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from families.models import Axis, Option
from families.services import option_add, option_delete, option_update

from ...idempotency import idempotent
from ...preconditions import expected_version
from ...serializers.authoring import (
    AuthoredOptionSerializer,
    NewOptionSerializer,
    OptionChangeSerializer,
    OptionListSerializer,
    whole_list,
)
from ...serializers.base import parsed
from .base import CREATING, IF_MATCH, Authoring, tagged, version_of


class Options(Authoring, APIView):
    @extend_schema(operation_id="options_list", responses=OptionListSerializer)
    def get(self, request: Request, family: str, axis: str) -> Response:
        """Every option in the order of display; the list is short and comes whole."""
        row = _axis(family, axis)
        options = AuthoredOptionSerializer(row.options.all(), many=True).data
        return tagged(whole_list(options), row.family.version)

    @extend_schema(
        operation_id="options_create", request=NewOptionSerializer, responses={201: AuthoredOptionSerializer},
        parameters=CREATING,
    )  # fmt: skip
    @idempotent
    @transaction.atomic
    def post(self, request: Request, family: str, axis: str) -> Response:
        """Add a value; the first one of an axis is its default."""
        fields = parsed(NewOptionSerializer, request)
        row = _axis(family, axis)
        option = option_add(axis=row, expected_version=expected_version(request), **fields)
        return _answer(option, status=201)


class OptionDetail(Authoring, APIView):
    @extend_schema(operation_id="options_read", responses=AuthoredOptionSerializer)
    def get(self, request: Request, family: str, axis: str, value: str) -> Response:
        option = _option(family, axis, value)
        return tagged(AuthoredOptionSerializer(option).data, option.axis.family.version)

    @extend_schema(
        operation_id="options_update", request=OptionChangeSerializer, responses=AuthoredOptionSerializer,
        parameters=[IF_MATCH],
    )  # fmt: skip
    @transaction.atomic
    def patch(self, request: Request, family: str, axis: str, value: str) -> Response:
        changes = parsed(OptionChangeSerializer, request)
        option = _option(family, axis, value)
        return _answer(option_update(option=option, expected_version=expected_version(request), **changes))

    @extend_schema(operation_id="options_delete", responses={204: None}, parameters=[IF_MATCH])
    def delete(self, request: Request, family: str, axis: str, value: str) -> Response:
        """Remove a value that no member holds."""
        option_delete(option=_option(family, axis, value), expected_version=expected_version(request))
        return Response(status=204)


def _axis(family: str, key: str) -> Axis:
    return get_object_or_404(Axis.objects.select_related("family"), family__key=family, key=key)


def _option(family: str, axis: str, value: str) -> Option:
    options = Option.objects.select_related("axis__family")
    return get_object_or_404(options, axis__family__key=family, axis__key=axis, value=value)


def _answer(option: Option, status: int = 200) -> Response:
    """The option as it was just written."""
    return tagged(AuthoredOptionSerializer(option).data, version_of(option.axis.family), status)
