"""Compute tasks, as `/v1/tasks` shows and takes them."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from django.http import HttpRequest
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from strategies.events import progress_of
from strategies.models import Status, Task
from strategies.models.generation import Priority
from strategies.services.tasks import TaskAsk

from ..links import link
from .asks import MAX_DEADLINE
from .base import ChoiceField, FiniteFloatField, StrictSerializer
from .generations import ErrorSerializer, OutputSerializer, PredictionUrlsSerializer


class TaskUrlsSerializer(PredictionUrlsSerializer):
    retry = serializers.URLField()


class TaskSerializer(serializers.Serializer):
    """One unit of compute. Context: `request`, `progress`."""

    id = serializers.UUIDField()
    task_type = serializers.CharField()
    status = serializers.ChoiceField(Status.values)
    queue = serializers.CharField()
    params = serializers.SerializerMethodField()
    priority = serializers.CharField(source="get_priority_display")
    attempt = serializers.IntegerField()
    max_attempts = serializers.IntegerField()
    worker = serializers.CharField()
    device = serializers.CharField()
    progress = serializers.SerializerMethodField(help_text="0 to 1.")
    result = serializers.DictField(allow_null=True)
    output = OutputSerializer(many=True, source="assets.all", help_text="The files it made.")
    error = serializers.SerializerMethodField()
    generation = serializers.UUIDField(source="generation_id", allow_null=True)
    prediction = serializers.UUIDField(source="prediction_id", allow_null=True)
    not_before = serializers.DateTimeField(allow_null=True)
    deadline = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    urls = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField())
    def get_params(self, task: Task) -> dict[str, Any]:
        return public(task.params)

    def get_progress(self, task: Task) -> float:
        return 1.0 if task.status == Status.SUCCEEDED else self.context["progress"].get(task.id, 0.0)

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, task: Task) -> dict[str, str] | None:
        return ErrorSerializer(task).data if task.error_code else None

    @extend_schema_field(TaskUrlsSerializer)
    def get_urls(self, task: Task) -> dict[str, str]:
        request = self.context.get("request")
        return {
            "get": link("task", request, id=task.id),
            "cancel": link("task-cancel", request, id=task.id),
            "retry": link("task-retry", request, id=task.id),
        }


class TaskAskSerializer(StrictSerializer):
    """A task type with its parameters; ids in them must be the account's own."""

    task_type = serializers.CharField(max_length=24)
    params = serializers.DictField(default=dict, help_text="As the task type says.")
    priority = ChoiceField(Priority.labels, default=Priority.NORMAL.label)
    not_before = serializers.DateTimeField(allow_null=True, default=None)
    deadline_seconds = FiniteFloatField(min_value=0, max_value=MAX_DEADLINE, allow_null=True, default=None)


class TaskChangeSerializer(StrictSerializer):
    priority = ChoiceField(Priority.labels, required=False)
    deadline = serializers.DateTimeField(allow_null=True, required=False)


def task_ask(fields: dict[str, Any]) -> TaskAsk:
    """The service's ask from the checked body."""
    return TaskAsk(**{**fields, "priority": priority_of(fields["priority"])})


def priority_of(label: str) -> Priority:
    return Priority(Priority.values[Priority.labels.index(label)])


def task_documents(tasks: Sequence[Task], request: HttpRequest | None = None) -> list[dict[str, Any]]:
    """Rows of `selectors.tasks_of` as JSON, with the progress of all of them looked up at once."""
    progress = progress_of([task.id for task in tasks if task.status == Status.PROCESSING])
    return TaskSerializer(tasks, many=True, context={"request": request, "progress": progress}).data


def task_document(task: Task, request: HttpRequest | None = None) -> dict[str, Any]:
    return task_documents([task], request)[0]


def public(params: Any) -> Any:
    """Parameters without where models lie on the servers: of a path only the last part."""
    if isinstance(params, dict):
        return {
            key: PurePath(value).name if key == "location" and str(value).startswith("/") else public(value)
            for key, value in params.items()
        }
    return [public(item) for item in params] if isinstance(params, list) else params
