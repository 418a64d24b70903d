"""Workflows: the recipe, the contract, and the actions that open and close them."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextareaWidget

from ..errors import CatalogueError
from ..history import Page, row_history, workflow_version, workflow_versions
from ..models import Workflow
from ..services import (
    workflow_archive,
    workflow_create,
    workflow_delete,
    workflow_make_default,
    workflow_publish,
    workflow_update,
)
from ..services.workflows import WorkflowFields
from .base import ServiceAdmin, ServiceForm


class _Indented(json.JSONEncoder):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "indent": 2, "ensure_ascii": False})


class _DocumentField(forms.JSONField):
    """A JSON document, indented for people; an empty box means an empty document."""

    def __init__(self, empty: type, **options: Any) -> None:
        super().__init__(encoder=_Indented, required=False, widget=UnfoldAdminTextareaWidget, **options)
        self._empty = empty

    def clean(self, value: Any) -> Any:
        document = super().clean(value)
        return self._empty() if document is None else document


class WorkflowForm(ServiceForm):
    contract = _DocumentField(dict, help_text="the typed inputs, and the outputs it declares")
    loras = _DocumentField(list, label="LoRAs", help_text='[{"lora": source, "weight": 1.0, "name": ""}]')
    controlnets = _DocumentField(
        list,
        label="ControlNets",
        help_text='[{"model": source, "revision": null, "preprocessor": null, "scale": 1.0}]',
    )
    prompt_prefix = forms.CharField(
        required=False, strip=False, widget=UnfoldAdminTextareaWidget({"rows": 1}), max_length=200,
        help_text=Workflow._meta.get_field("prompt_prefix").help_text,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "key" in self.fields:
            self.fields["key"].disabled = True

    def guarded(self) -> Workflow | None:
        return None if self.instance._state.adding else self.instance

    def perform(self) -> Workflow:
        if self.instance._state.adding:
            return workflow_create(**self.values())
        return workflow_update(workflow=self.instance, **self.changes())


@admin.register(Workflow)
class WorkflowAdmin(ServiceAdmin):
    form = WorkflowForm
    list_display = (
        "display_name",
        "key",
        "strategy",
        "generator",
        "rating",
        "price",
        "state",
        "version",
        "is_default_for_strategy",
    )
    list_filter = ("state", "rating", "strategy", "generator")
    search_fields = ("key", "display_name", "description", "checkpoint")
    readonly_fields = ("state", "version", "is_default_for_strategy")
    actions = ("publish", "archive", "make_default")
    fieldsets = (
        (None, {"fields": ("seen_version", "key", "display_name", "description", "rating", "price")}),
        ("Life", {"fields": ("state", "version", "is_default_for_strategy")}),
        (
            "Recipe",
            {
                "fields": (
                    "strategy",
                    "generator",
                    "checkpoint",
                    "checkpoint_revision",
                    "scheduler",
                    "prompt_prefix",
                    "loras",
                    "controlnets",
                )
            },
        ),
        ("Contract", {"fields": ("contract",)}),
    )

    def get_custom_urls(self) -> tuple[Any, ...]:
        return (("<uuid:pk>/versions/<int:version>/", "families_workflow_version", self.version_view),)

    def version_view(self, request: HttpRequest, pk: UUID, version: int, **_: Any) -> HttpResponse:
        """What ran under a version, whatever the workflow is now."""
        workflow = get_object_or_404(Workflow, pk=pk)
        record = workflow_version(workflow, version)
        if record is None or not self.has_view_permission(request, workflow):
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": f"{workflow}, version {version}",
            "opts": self.opts,
            "record": record,
            "fields": [_shown(record, name) for name in ("key", *WorkflowFields.__annotations__)],
        }
        return TemplateResponse(request, "families/admin/workflow_version.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        workflow = self.get_object(request, object_id)
        versions = workflow_versions(workflow) if workflow else []
        return super().history_view(request, object_id, {**(extra_context or {}), "versions": versions})

    def changes(self, row: Workflow, *, before: datetime | None) -> Page:
        return row_history(row, before=before)

    def forget(self, row: Workflow) -> None:
        workflow_delete(workflow=row)

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, chosen: QuerySet[Workflow]) -> None:
        self._each(request, chosen, workflow_publish, "published")

    @admin.action(description="Archive", permissions=["change"])
    def archive(self, request: HttpRequest, chosen: QuerySet[Workflow]) -> None:
        self._each(request, chosen, workflow_archive, "archived")

    @admin.action(description="Make the default of its strategy", permissions=["change"])
    def make_default(self, request: HttpRequest, chosen: QuerySet[Workflow]) -> None:
        self._each(request, chosen, workflow_make_default, "made the default of its strategy")

    def _each(
        self, request: HttpRequest, chosen: QuerySet[Workflow], service: Callable[..., Workflow], done: str
    ) -> None:
        for workflow in chosen:
            try:
                service(workflow=workflow)
                self.message_user(request, f"“{workflow.key}” is {done}.")
            except CatalogueError as error:
                self.message_user(request, f"“{workflow.key}”: {error.detail}", messages.ERROR)


def _shown(record: Any, name: str) -> tuple[str, Any, bool]:
    """A field's name and value, and whether the value is a document."""
    value = getattr(record, name)
    is_document = isinstance(value, list | dict)
    shown = json.dumps(value, cls=_Indented) if is_document else value
    return str(Workflow._meta.get_field(name).verbose_name), shown, is_document
