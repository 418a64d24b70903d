"""Workflows: the recipe, the contract, and the actions that open and close them."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from ..errors import InputProblem
from ..history import Page, row_history, workflow_version, workflow_versions
from ..models import Family, Workflow
from ..recipe_checks import choices_of
from ..services import (
    workflow_archive,
    workflow_create,
    workflow_delete,
    workflow_make_default,
    workflow_publish,
    workflow_update,
)
from ..services.workflows import WorkflowFields
from .base import ServiceForm
from .bulk import BulkAdmin
from .life import life_of, shortcomings

CHOSEN = ("strategy", "generator", "scheduler")  # by name, among those that other rooms register


class _Indented(json.JSONEncoder):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "indent": 2, "ensure_ascii": False})


class _DocumentField(forms.JSONField):
    """A JSON document; the browser edits it as rows, and an empty box means an empty document."""

    def __init__(self, name: str, empty: type, **options: Any) -> None:
        widget = UnfoldAdminTextareaWidget({"data-document": name, "spellcheck": "false"})
        super().__init__(encoder=_Indented, required=False, widget=widget, initial=empty, **options)
        self._empty = empty

    def clean(self, value: Any) -> Any:
        document = super().clean(value)
        return self._empty() if document is None else document


class WorkflowForm(ServiceForm):
    contract = _DocumentField("contract", dict)
    loras = _DocumentField("loras", list, label="LoRAs")
    controlnets = _DocumentField(
        "controlnets", list, label="ControlNets", help_text="the n-th follows the n-th of the control images"
    )
    prompt_prefix = forms.CharField(
        required=False, strip=False, widget=UnfoldAdminTextareaWidget({"rows": 1}), max_length=200,
        help_text=Workflow._meta.get_field("prompt_prefix").help_text,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "key" in self.fields:
            self.fields["key"].disabled = True
        for name in CHOSEN:
            if name in self.fields and choices_of(name):
                self._offer(name)

    def _offer(self, name: str) -> None:
        """A drop-down of the names that can run, and of the one that is stored though it no longer can."""
        field = self.fields[name]
        stored = getattr(self.instance, name)
        known = choices_of(name)
        odd = [(stored, f"{stored} (unknown)")] if stored and stored not in known else []
        blank = [] if field.required else [("", "the checkpoint's own")]
        choices = [*blank, *odd, *((each, each) for each in known)]
        self.fields[name] = forms.ChoiceField(
            choices=choices,
            required=field.required,
            widget=UnfoldAdminSelectWidget,
            label=field.label,
            initial=field.initial,
        )

    def blame(self, field: str | None, problem: InputProblem) -> None:
        """Say it to the row editor too, which shows it on the row and the box at fault."""
        widget = self.fields[field].widget if field else None
        if isinstance(widget, UnfoldAdminTextareaWidget) and "data-document" in widget.attrs:
            told = json.loads(widget.attrs.get("data-problems", "[]"))
            inside = problem.loc[problem.loc.index(field) + 1 :] if field in problem.loc else ()
            widget.attrs["data-problems"] = json.dumps([*told, {"loc": inside, "msg": problem.msg}])

    def guarded(self) -> Workflow | None:
        return None if self.instance._state.adding else self.instance

    def affected(self) -> Iterable[Family]:
        return Family.objects.filter(members__workflow=self.instance)

    def perform(self) -> Workflow:
        if self.instance._state.adding:
            return workflow_create(**self.values())
        return workflow_update(workflow=self.instance, **self.changes())


@admin.register(Workflow)
class WorkflowAdmin(BulkAdmin):
    form = WorkflowForm
    change_form_outer_before_template = "families/admin/workflow_life.html"
    list_display = (
        "display_name",
        "key",
        "strategy",
        "generator",
        "rating",
        "price",
        "state",
        "version",
        "default",
    )
    list_filter = ("state", "rating", "strategy", "generator", "is_default_for_strategy")
    search_fields = ("key", "display_name", "description", "checkpoint")
    actions = ("publish", "archive", "make_default")
    fieldsets = (
        (None, {"fields": ("seen_version", "key", "display_name", "description", "rating", "price")}),
        (
            "Recipe",
            {
                "fields": (
                    "strategy",
                    "generator",
                    "checkpoint",
                    "checkpoint_revision",
                    ("vae", "vae_revision"),
                    ("refiner", "refiner_revision"),
                    "refiner_start",
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

    def page_context(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        workflow = self.get_object(request, object_id)
        if workflow is None:
            return {}
        return {"life": life_of(workflow, may_change=self.has_change_permission(request, workflow))}

    def changes(self, row: Workflow, *, before: datetime | None) -> Page:
        return row_history(row, before=before)

    def forget(self, row: Workflow, *, seen: int) -> None:
        workflow_delete(workflow=row, expected_version=seen)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for problem in shortcomings(obj):
            text = f"It is saved, but cannot be published yet: {problem}"
            self.message_user(request, text, messages.WARNING)

    @display(description="default", ordering="is_default_for_strategy", label={"default": "info"})
    def default(self, workflow: Workflow) -> str:
        return "default" if workflow.is_default_for_strategy else ""

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, chosen: QuerySet[Workflow]) -> HttpResponse | None:
        return self.act(request, chosen, workflow_publish, done="published")

    @admin.action(description="Archive", permissions=["change"])
    def archive(self, request: HttpRequest, chosen: QuerySet[Workflow]) -> HttpResponse | None:
        return self.act(request, chosen, workflow_archive, done="archived", closes=True)

    @admin.action(description="Make the default of its strategy", permissions=["change"])
    def make_default(self, request: HttpRequest, chosen: QuerySet[Workflow]) -> HttpResponse | None:
        return self.act(request, chosen, workflow_make_default, done="made the default of its strategy")


def _shown(record: Any, name: str) -> tuple[str, Any, bool]:
    """A field's name and value, and whether the value is a document."""
    value = getattr(record, name)
    is_document = isinstance(value, list | dict)
    shown = json.dumps(value, cls=_Indented) if is_document else value
    return str(Workflow._meta.get_field(name).verbose_name), shown, is_document
