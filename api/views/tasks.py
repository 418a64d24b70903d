"""`/v1/tasks`: compute tasks, those of generations and those asked for by themselves."""

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from strategies.errors import one
from strategies.lifecycle import cancel_task
from strategies.models import Status, Task
from strategies.services.tasks import task_create, task_retry, task_update
from strategies.tasktypes import QUEUES, queues

from ..idempotency import idempotent
from ..pagination import NewestFirst
from ..problems import Refused
from ..schema import IDEMPOTENCY_KEY, cancelled
from ..selectors import tasks_of
from ..serializers.base import parsed
from ..serializers.tasks import (
    TaskAskSerializer,
    TaskChangeSerializer,
    TaskSerializer,
    priority_of,
    task_ask,
    task_document,
    task_documents,
)

FILTERS = {"status": Status.values, "task_type": list(QUEUES), "queue": list(queues())}


def accepted_task(id: UUID, request: Request) -> Response:
    """202 with a task that was just accepted."""
    document = task_document(tasks_of(request.user).get(id=id), request)
    return Response(document, status=202, headers={"Location": document["urls"]["get"]})


class Tasks(GenericAPIView):
    pagination_class = NewestFirst
    serializer_class = TaskSerializer

    @extend_schema(
        operation_id="tasks_list",
        parameters=[OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.QUERY) for name in FILTERS],
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(_filtered(tasks_of(request.user), request))
        return self.get_paginated_response(task_documents(page, request))

    @extend_schema(
        operation_id="tasks_create", request=TaskAskSerializer, responses={202: TaskSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Accept a task that belongs to no generation."""
        ask = task_ask(parsed(TaskAskSerializer, request))
        task = task_create(owner=request.user, ask=ask, request_id=request.request_id)
        return accepted_task(task.id, request)


class TaskDetail(APIView):
    @extend_schema(operation_id="tasks_read", responses=TaskSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(task_document(get_object_or_404(tasks_of(request.user), id=id), request))

    @extend_schema(operation_id="tasks_update", request=TaskChangeSerializer, responses=TaskSerializer)
    def patch(self, request: Request, id: UUID) -> Response:
        """Change priority or deadline while the task waits."""
        task = get_object_or_404(tasks_of(request.user), id=id)
        changes = parsed(TaskChangeSerializer, request)
        if "priority" in changes:
            changes["priority"] = priority_of(changes["priority"])
        return Response(task_document(task_update(task, **changes) if changes else task, request))


class TaskCancel(APIView):
    @extend_schema(operation_id="tasks_cancel", request=None, responses=cancelled("task", TaskSerializer))
    def post(self, request: Request, id: UUID) -> Response:
        """End the task, and its prediction with it; `cancelled` is false when it was over."""
        done = cancel_task(get_object_or_404(tasks_of(request.user), id=id))
        task = tasks_of(request.user).get(id=id)
        return Response({"cancelled": done, "task": task_document(task, request)})


class TaskRetry(APIView):
    @extend_schema(operation_id="tasks_retry", request=None, responses={202: TaskSerializer})
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        """Do the work of a task that is over again, as a new task."""
        task = get_object_or_404(tasks_of(request.user), id=id)
        return accepted_task(task_retry(task, request_id=request.request_id).id, request)


def _filtered(tasks: QuerySet[Task], request: Request) -> QuerySet[Task]:
    wanted = {name: request.query_params[name] for name in FILTERS if request.query_params.get(name)}
    for name, value in wanted.items():
        if value not in FILTERS[name]:
            known, code = ", ".join(FILTERS[name]), f"unknown_{name}"
            raise Refused(
                code, f"There is no {name.replace('_', ' ')} {value!r}; known: {known}.",
                errors=one((name,), f"one of: {known}", code),
            )  # fmt: skip
    return tasks.filter(**wanted)
