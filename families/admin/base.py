"""Admin pages that write through services.

A form rehearses its service while it is validated, in a savepoint that is rolled back, so that whatever the
service refuses becomes an error on a field; when the page is saved the service runs for good.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_datetime
from unfold.admin import ModelAdmin

from ..errors import CatalogueError, InputProblem, Loc
from ..history import Page


def rehearse(service: Callable[[], object]) -> CatalogueError | None:
    """Run a service and take it back; what it refused, if anything."""
    try:
        with transaction.atomic():
            service()
            transaction.set_rollback(True)
    except CatalogueError as error:
        return error
    return None


class ServiceForm(forms.ModelForm):
    """A form whose `perform` writes through a service and answers the stored row."""

    def perform(self) -> models.Model:
        raise NotImplementedError

    def field_at(self, loc: Loc) -> str | None:
        """The form's field for a place that a service complains about."""
        return next((str(part) for part in reversed(loc) if part in self.fields), None)

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}

    def validate_unique(self) -> None:
        """Left to the service, which names the row in the way."""

    def validate_constraints(self) -> None:
        """Left to the service, which says it in a sentence."""

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors and self.has_changed() and (error := rehearse(self.perform)):
            for problem in error.errors or [InputProblem(error.loc, error.detail, error.code)]:
                field = self.field_at(problem.loc)
                self.add_error(field, _told(problem, field))


class ServiceFormSet(BaseInlineFormSet):
    """Rows edited inside their parent's page; `forget` deletes one through a service."""

    def forget(self, row: Any) -> None:
        raise NotImplementedError

    def clean(self) -> None:
        for form in filter(self._should_delete_form, self.forms):
            if error := rehearse(partial(self.forget, form.instance)):
                raise ValidationError(error.detail, code=error.code)

    def perform(self) -> None:
        for form in self.deleted_forms:
            self.forget(form.instance)
        for form in self.forms:
            if form.has_changed() and form not in self.deleted_forms:
                form.perform()
        self.new_objects: list[Any] = []
        self.changed_objects: list[Any] = []
        self.deleted_objects: list[Any] = []


class ServiceAdmin(ModelAdmin):
    """A page for one kind of row; `forget` deletes one through a service, `changes` tells its history."""

    def forget(self, row: Any) -> None:
        raise NotImplementedError

    def changes(self, row: Any, *, before: datetime | None) -> Page:
        raise NotImplementedError

    def log_addition(self, *arguments: Any) -> None:
        """The history says it better."""

    log_change = log_deletions = log_addition

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without bulk deletion: rows go one at a time, so that a refusal is about one of them."""
        return {
            name: action for name, action in super().get_actions(request).items() if name != "delete_selected"
        }

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if form.has_changed():
            obj.pk = form.perform().pk
            obj.refresh_from_db()

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.perform()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.forget(obj)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, *args, **kwargs)
        except CatalogueError as error:  # somebody else was faster, between the rehearsal and the saving
            return self._refused(request, error, request.get_full_path())

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None and (error := rehearse(partial(self.forget, row))):
            return self._refused(request, error, "../change/")
        return super().delete_view(request, object_id, *args, **kwargs)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {row}",
            "opts": self.opts,
            "object": row,
            "original": row,
            "page": self.changes(row, before=_time(request.GET.get("before", ""))),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "families/admin/history.html", context)

    def _refused(self, request: HttpRequest, error: CatalogueError, address: str) -> HttpResponse:
        self.message_user(request, error.detail, messages.ERROR)
        return HttpResponseRedirect(address)


def _told(problem: InputProblem, field: str | None) -> str:
    """The problem's message, with the way to it inside its field."""
    inside = problem.loc[problem.loc.index(field) + 1 :] if field in problem.loc else ()
    return f"{'.'.join(map(str, inside))}: {problem.msg}" if inside else problem.msg


def _time(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
