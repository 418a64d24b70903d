"""Admin pages that write through services.

A form rehearses its service while it is validated, in a savepoint that is rolled back, so that whatever the
service refuses becomes an error on a field, and whatever it would break is told first; when the page is saved
the service runs for good.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.forms.models import BaseInlineFormSet, construct_instance
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.admin import ModelAdmin

from ..errors import CatalogueError, InputProblem, Loc
from ..history import Page
from ..models import Family, MemberOption, Workflow
from .rehearsal import notice, rehearse, warning
from .telling import stale, told, version_of, with_links


class SeenVersion(forms.IntegerField):
    """The version that a page was opened with, kept out of sight; None where the page does not tell one."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=forms.HiddenInput)

    def clean(self, value: Any) -> int | None:
        try:
            return super().clean(value)
        except ValidationError:
            return None


class ServiceForm(forms.ModelForm):
    """A form whose `perform` writes through a service and answers the stored row.

    `guarded` is the row whose version the author has seen: what somebody else saved since is told, nothing
    is overwritten, and what was typed stays on the page. The page keeps the version it was opened with, so
    it is refused however often it is sent, and so is a page that was sent without it.
    """

    seen_version = SeenVersion()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "seen_version" in self.fields and (row := self.guarded()):
            self.initial["seen_version"] = version_of(row)

    @cached_property
    def changed_data(self) -> list[str]:
        return [name for name in super().changed_data if name != "seen_version"]

    def perform(self) -> models.Model:
        raise NotImplementedError

    def guarded(self) -> Family | Workflow | None:
        return None

    def affected(self) -> Iterable[Family]:
        """The families that may lead nowhere in places once the form is saved."""
        return ()

    def rehearsable(self) -> bool:
        """Whether the service can be asked."""
        return not self.errors

    def field_at(self, loc: Loc) -> str | None:
        """The form's field for a place that a service complains about."""
        return next((str(part) for part in reversed(loc) if part in self.fields), None)

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "seen_version"}

    def changes(self) -> dict[str, Any]:
        return {name: value for name, value in self.values().items() if name in self.changed_data}

    def _post_clean(self) -> None:
        # Not as Django does it: what fields, rows or constraints forbid is said by the service, in sentences.
        self.instance = construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
        if (row := self.guarded()) and "seen_version" in self.initial:
            self._refuse_stale(row, self.cleaned_data["seen_version"])
        if self.rehearsable() and self.has_changed():
            rehearsal = rehearse(self.perform, families=self.affected())
            if rehearsal.error:
                self._tell(rehearsal.error)
            elif untold := rehearsal.untold(self.data):
                self.add_error(None, warning(untold))

    def _tell(self, error: CatalogueError) -> None:
        for problem in error.problems():
            field = self.field_at(problem.loc)
            message = with_links(told(problem, field), error, self.guarded())
            self.add_error(field, ValidationError(message, code=error.code))
            self.blame(field, problem)

    def blame(self, field: str | None, problem: InputProblem) -> None:
        """For a field that can show a problem in more detail than in a sentence."""

    def _refuse_stale(self, row: Family | Workflow, seen: int | None) -> None:
        """Under a lock that lasts until the page is saved, so nobody comes in between."""
        locked = type(row).objects.select_for_update(no_key=True).filter(pk=row.pk).first()
        if locked and version_of(locked) != seen:
            self.add_error(None, stale(locked, seen))


class ServiceFormSet(BaseInlineFormSet):
    """Rows edited inside their parent's page; `forget` deletes one through a service."""

    def forget(self, row: Any) -> None:
        raise NotImplementedError

    def clean(self) -> None:
        """What a row alone breaks is on its fields by now; this is what only the rows together break."""
        if all(form.rehearsable() for form in self.forms if form not in self.deleted_forms):
            rehearsal = rehearse(self.write, families=[self.instance])
            if error := rehearsal.error:
                raise ValidationError(with_links(error.detail, error, self.instance), code=error.code)
            if untold := rehearsal.untold(self.data):
                raise warning(untold)

    def write(self) -> None:
        for form in self.deleted_forms:
            if form.instance.pk and not form.instance._state.adding:
                self.forget(form.instance)
        for form in self.forms:
            if form.has_changed() and form not in self.deleted_forms:
                form.perform()

    def perform(self) -> None:
        self.write()
        self.new_objects: list[Any] = []
        self.changed_objects: list[Any] = []
        self.deleted_objects: list[Any] = []


class ServiceAdmin(ModelAdmin):
    """A page for one kind of row; `changes` tells its history.

    `forget` deletes one through a service, at the version of `guarded` that its author has seen.
    """

    delete_confirmation_template = "families/admin/delete_confirmation.html"

    class Media:
        css = {"all": ["families/authoring.css"]}
        js = [forms.Script("families/authoring.js", type="module")]

    def forget(self, row: Any, *, seen: int) -> None:
        raise NotImplementedError

    def guarded(self, row: Any) -> Family | Workflow:
        """The row whose version grows with every change of this one."""
        return row

    def changes(self, row: Any, *, before: datetime | None) -> Page:
        raise NotImplementedError

    def home(self, row: Any) -> str | None:
        """The page to go to when a row is saved, if not the list."""
        return None

    def home_without(self, row: Any) -> str | None:
        """The page to go to when a row is gone, if not the list."""
        return self.home(row)

    def page_of(self, row: models.Model, part: str = "") -> str:
        return reverse(f"admin:families_{row._meta.model_name}_change", args=[row.pk]) + part

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        home = self.home(obj)
        return HttpResponseRedirect(home) if home else super().response_post_save_add(request, obj)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        home = self.home(obj)
        return HttpResponseRedirect(home) if home else super().response_post_save_change(request, obj)

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
        request.home = self.home_without(obj)  # type: ignore[attr-defined]  # the row is gone when answering
        self.forget(obj, seen=_seen(request))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], Any, Any]:
        """Without the rows that a tuple is made of: its member is listed."""
        listed, counts, *refusals = super().get_deleted_objects(objs, request)
        name = MemberOption._meta.verbose_name
        counts.pop(MemberOption._meta.verbose_name_plural, None)
        return (_without(listed, f"{capfirst(name)}: "), counts, *refusals)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        answer = super().response_delete(request, obj_display, obj_id)
        home = getattr(request, "home", None)
        return HttpResponseRedirect(home) if home else answer

    def page_context(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        """What the page of a row shows besides its form."""
        return {}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        besides = self.page_context(request, object_id) if object_id else {}
        try:
            return super().changeform_view(request, object_id, form_url, {**besides, **(extra_context or {})})
        except CatalogueError as error:  # somebody else was faster, between the rehearsal and the saving
            return self._refused(request, error, request.get_full_path())

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page that asks whether it is meant; its address keeps the version that is looked at."""
        row = self.get_object(request, object_id)
        if row is not None and _seen(request) is None:
            query = request.GET.copy()
            query["seen_version"] = version_of(self.guarded(row))
            return HttpResponseRedirect(f"?{query.urlencode()}")
        try:
            foreseen = self._foresee_removal(request, row) if row is not None else None
            return super().delete_view(
                request, object_id, extra_context={**(extra_context or {}), "foreseen": foreseen}
            )
        except CatalogueError as error:
            return self._refused(request, error, "../change/")

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

    def _foresee_removal(self, request: HttpRequest, row: Any) -> SafeString | None:
        """What is left behind with dead ends, if anything. Raises what refuses the removal."""
        family = self.guarded(row)
        left = [family] if isinstance(family, Family) and family != row else []
        rehearsal = rehearse(partial(self.forget, row, seen=_seen(request)), families=left)
        if rehearsal.error:
            raise rehearsal.error
        return notice(rehearsal.consequences) if rehearsal.consequences else None

    def _refused(self, request: HttpRequest, error: CatalogueError, address: str) -> HttpResponse:
        self.message_user(request, with_links(error.detail, error, None), messages.ERROR)
        return HttpResponseRedirect(address)


def _without(listed: list[Any], start: str) -> list[Any]:
    """A list of texts and of lists like it, without the texts that start so and lists left empty."""
    kept = [_without(each, start) if isinstance(each, list) else each for each in listed]
    return [each for each in kept if each and not str(each).startswith(start)]


def _seen(request: HttpRequest) -> int | None:
    return SeenVersion().clean(request.GET.get("seen_version"))


def _time(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
