"""Workflows: the recipe, the contract, and the actions that open and close them."""

import json
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget

from ..errors import CatalogueError
from ..models import Workflow
from ..services import (
    workflow_archive,
    workflow_create,
    workflow_delete,
    workflow_make_default,
    workflow_publish,
    workflow_update,
)
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

    def perform(self) -> Workflow:
        if self.instance._state.adding:
            return workflow_create(**self.cleaned_data)
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
        (None, {"fields": ("key", "display_name", "description", "rating", "price")}),
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
