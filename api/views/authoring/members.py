"""`/v1/families/{family}/members`."""

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from families.errors import NameFixed, UnknownOption, UnknownWorkflow
from families.models import Axis, Family, Member, Workflow
from families.services import axis_fill, member_assign, member_remove, member_retuple, members_retuple

from ...idempotency import idempotent
from ...pagination import NewestFirst
from ...preconditions import etag, expected_version
from ...serializers.authoring import (
    AuthoredMemberSerializer,
    FillSerializer,
    MemberChangeSerializer,
    MemberListSerializer,
    NewMemberSerializer,
    TuplesSerializer,
    whole_list,
)
from ...serializers.base import parsed
from .base import CREATING, IF_MATCH, Authoring, tagged, version_of


class Members(Authoring, GenericAPIView):
    pagination_class = NewestFirst
    serializer_class = AuthoredMemberSerializer

    @extend_schema(operation_id="members_list")
    def get(self, request: Request, family: str) -> Response:
        row = get_object_or_404(Family, key=family)
        page = self.paginate_queryset(row.members.select_related("workflow"))
        answer = self.get_paginated_response(_documents(row, page))
        answer.headers["ETag"] = etag(row.version)
        return answer

    @extend_schema(
        operation_id="members_create", request=NewMemberSerializer,
        responses={201: AuthoredMemberSerializer}, parameters=CREATING,
    )  # fmt: skip
    @idempotent
    @transaction.atomic
    def post(self, request: Request, family: str) -> Response:
        """Put a published workflow that makes pictures into the family, under a full tuple."""
        fields = parsed(NewMemberSerializer, request)
        member = member_assign(
            family=get_object_or_404(Family, key=family),
            workflow=_workflow(fields["workflow"]),
            selection=fields["tuple"],
            expected_version=expected_version(request),
        )
        return _answer(member, status=201)


class MemberDetail(Authoring, APIView):
    """A member is named by its workflow."""

    @extend_schema(operation_id="members_read", responses=AuthoredMemberSerializer)
    def get(self, request: Request, family: str, workflow: str) -> Response:
        member = _member(family, workflow)
        return tagged(_documents(member.family, [member])[0], member.family.version)

    @extend_schema(
        operation_id="members_update", request=MemberChangeSerializer, responses=AuthoredMemberSerializer,
        parameters=[IF_MATCH],
    )  # fmt: skip
    @transaction.atomic
    def patch(self, request: Request, family: str, workflow: str) -> Response:
        """Give the member another full tuple."""
        fields = parsed(MemberChangeSerializer, request)
        if fields.get("workflow", workflow) != workflow:
            raise NameFixed("workflow", workflow)
        member = member_retuple(
            member=_member(family, workflow),
            selection=fields["tuple"],
            expected_version=expected_version(request),
        )
        return _answer(member)

    @extend_schema(operation_id="members_delete", responses={204: None}, parameters=[IF_MATCH])
    def delete(self, request: Request, family: str, workflow: str) -> Response:
        """Take the workflow out of this family; its other families keep it."""
        member_remove(member=_member(family, workflow), expected_version=expected_version(request))
        return Response(status=204)


class Retuple(Authoring, APIView):
    @extend_schema(
        operation_id="members_retuple", request=TuplesSerializer, responses=MemberListSerializer,
        parameters=[IF_MATCH],
    )  # fmt: skip
    @transaction.atomic
    def post(self, request: Request, family: str) -> Response:
        """Give many members other full tuples: all, or none of them. Members may swap theirs."""
        members = members_retuple(
            family=get_object_or_404(Family, key=family),
            selections=parsed(TuplesSerializer, request)["tuples"],
            expected_version=expected_version(request),
        )
        return _answers(get_object_or_404(Family, key=family), members)


class AxisFill(Authoring, APIView):
    @extend_schema(
        operation_id="axes_fill", request=FillSerializer, responses=MemberListSerializer,
        parameters=[IF_MATCH],
    )  # fmt: skip
    @transaction.atomic
    def post(self, request: Request, family: str, axis: str) -> Response:
        """Give every member that has no value for a new axis the same one; answers these members."""
        row = get_object_or_404(Axis.objects.select_related("family"), family__key=family, key=axis)
        value = parsed(FillSerializer, request)["value"]
        try:
            members = axis_fill(axis=row, value=value, expected_version=expected_version(request))
        except UnknownOption as error:
            error.loc = ("value",)  # which is where this body has it
            raise
        return _answers(get_object_or_404(Family, key=family), members)


def _workflow(key: str) -> Workflow:
    workflow = Workflow.objects.filter(key=key).first()
    if workflow is None:
        raise UnknownWorkflow(f"There is no workflow “{key}”; /v1/workflows lists them.", loc=("workflow",))
    return workflow


def _member(family: str, workflow: str) -> Member:
    members: QuerySet[Member] = Member.objects.select_related("family", "workflow")
    return get_object_or_404(members, family__key=family, workflow__key=workflow)


def _documents(family: Family, members: list[Member]) -> list[dict]:
    context = {"axis_keys": list(family.axes.values_list("key", flat=True))}
    return AuthoredMemberSerializer(members, many=True, context=context).data


def _answers(family: Family, members: list[Member]) -> Response:
    """The members as they were just written, under the version that this made."""
    return tagged(whole_list(_documents(family, members)), family.version)


def _answer(member: Member, status: int = 200) -> Response:
    """The member as it was just written."""
    return tagged(_documents(member.family, [member])[0], version_of(member.family), status)
