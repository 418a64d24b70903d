"""`/v1/workflows`."""

from collections.abc import Callable

from django.db.models import QuerySet, prefetch_related_objects
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from families.models import Workflow
from families.services import (
    workflow_archive,
    workflow_create,
    workflow_delete,
    workflow_make_default,
    workflow_publish,
    workflow_update,
)

from ...idempotency import idempotent
from ...pagination import NewestFirst
from ...preconditions import expected_version
from ...schema import IDEMPOTENCY_KEY
from ...serializers.base import parsed
from ...serializers.workflows import NewWorkflowSerializer, WorkflowChangeSerializer, WorkflowSerializer
from .base import IF_MATCH, Authoring, tagged


class Workflows(Authoring, GenericAPIView):
    pagination_class = NewestFirst
    serializer_class = WorkflowSerializer

    @extend_schema(operation_id="workflows_list")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(_workflows())
        return self.get_paginated_response(WorkflowSerializer(page, many=True).data)

    @extend_schema(
        operation_id="workflows_create", request=NewWorkflowSerializer, responses={201: WorkflowSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Write a draft; publish it to let it run."""
        workflow = workflow_create(**parsed(NewWorkflowSerializer, request))
        return _answer(workflow, status=201)


class AuthoredWorkflow(Authoring, APIView):
    """One workflow, named by the address."""

    problem_statuses = {"unknown_workflow": 404}


class WorkflowDetail(AuthoredWorkflow):
    @extend_schema(operation_id="workflows_read", responses=WorkflowSerializer)
    def get(self, request: Request, key: str) -> Response:
        return _answer(_workflow(key))

    @extend_schema(
        operation_id="workflows_update", request=WorkflowChangeSerializer, responses=WorkflowSerializer,
        parameters=[IF_MATCH],
    )  # fmt: skip
    def patch(self, request: Request, key: str) -> Response:
        """Change some fields; a published workflow gets a new version."""
        changes = parsed(WorkflowChangeSerializer, request)
        workflow = _workflow(key)
        return _answer(
            workflow_update(workflow=workflow, expected_version=expected_version(request), **changes)
        )

    @extend_schema(operation_id="workflows_delete", responses={204: None}, parameters=[IF_MATCH])
    def delete(self, request: Request, key: str) -> Response:
        """Delete a workflow that no family holds and no generation has used."""
        workflow_delete(workflow=_workflow(key), expected_version=expected_version(request))
        return Response(status=204)


class WorkflowPublish(AuthoredWorkflow):
    @extend_schema(
        operation_id="workflows_publish", request=None, responses=WorkflowSerializer, parameters=[IF_MATCH]
    )
    def post(self, request: Request, key: str) -> Response:
        """Open it for requests, under a new version."""
        return _moved(workflow_publish, request, key)


class WorkflowArchive(AuthoredWorkflow):
    @extend_schema(
        operation_id="workflows_archive", request=None, responses=WorkflowSerializer, parameters=[IF_MATCH]
    )
    def post(self, request: Request, key: str) -> Response:
        """Close it for requests; its members stay and are unavailable."""
        return _moved(workflow_archive, request, key)


class WorkflowMakeDefault(AuthoredWorkflow):
    @extend_schema(
        operation_id="workflows_make_default", request=None, responses=WorkflowSerializer,
        parameters=[IF_MATCH],
    )  # fmt: skip
    def post(self, request: Request, key: str) -> Response:
        """Let requests that name only its strategy run it."""
        return _moved(workflow_make_default, request, key)


def _moved(service: Callable[..., Workflow], request: Request, key: str) -> Response:
    return _answer(service(workflow=_workflow(key), expected_version=expected_version(request)))


def _workflows() -> QuerySet[Workflow]:
    return Workflow.objects.prefetch_related("memberships__family")


def _workflow(key: str) -> Workflow:
    return get_object_or_404(_workflows(), key=key)


def _answer(workflow: Workflow, status: int = 200) -> Response:
    prefetch_related_objects([workflow], "memberships__family")
    return tagged(WorkflowSerializer(workflow).data, workflow.revision, status)
