"""Families: their axes, the table of their tuples, what is missing, and how the studio will show them."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.forms.utils import pretty_name
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from unfold.admin import TabularInline

from ..catalogue import catalogue_family
from ..errors import CatalogueError, spelled
from ..history import Page, family_history
from ..models import Axis, Family
from ..selectors import load_family
from ..services import axis_delete, family_create, family_delete, family_update
from .axis import AxisForm
from .base import ServiceAdmin, ServiceForm, ServiceFormSet
from .overview import overview
from .tuples import TuplesForm


class FamilyForm(ServiceForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].disabled = not self.instance._state.adding

    def guarded(self) -> Family | None:
        return None if self.instance._state.adding else self.instance

    def perform(self) -> Family:
        if self.instance._state.adding:
            return family_create(**self.values())
        return family_update(family=self.instance, **self.changes())


class AxisRow(AxisForm):
    """An axis as a row of its family's page, which has the version of both."""

    seen_version = None

    def affected(self) -> list[Family]:
        """None: what only all the rows together do to the family is told of the table."""
        return []


class AxisFormSet(ServiceFormSet):
    def add_fields(self, form: AxisRow, index: int | None) -> None:
        """With a name for every box: in a table only the head of its column shows it."""
        super().add_fields(form, index)
        row = form.instance.key or "the new axis"
        for name, field in form.fields.items():
            field.widget.attrs["aria-label"] = f"{field.label or pretty_name(name)} of {row}"

    def forget(self, row: Axis) -> None:
        axis_delete(axis=row)


class AxisInline(TabularInline):
    """The axes with their options: everything about them on one page."""

    model = Axis
    form = AxisRow
    formset = AxisFormSet
    fields = ("key", "display_name", "control", "options", "default", "fill", "position")
    ordering_field = "position"
    hide_ordering_field = True
    extra = 0
    show_change_link = True

    def get_fields(self, request: HttpRequest, obj: Family | None = None) -> list[str]:
        """What existing members get is asked where there are any."""
        has_members = obj is not None and obj.members.exists()
        return [name for name in self.fields if name != "fill" or has_members]


@admin.register(Family)
class FamilyAdmin(ServiceAdmin):
    form = FamilyForm
    fields = ("seen_version", ("key", "display_name"), "description", ("position", "version"))
    readonly_fields = ("version",)
    list_display = ("display_name", "key", "position", "axis_count", "member_count", "version")
    search_fields = ("key", "display_name", "description")
    change_form_outer_after_template = "families/admin/family_overview.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Family]:
        counts = {"axis_total": Count("axes", distinct=True), "member_total": Count("members", distinct=True)}
        return super().get_queryset(request).annotate(**counts)

    def get_inlines(self, request: HttpRequest, obj: Family | None) -> list[type[TabularInline]]:
        return [AxisInline] if obj else []  # axes need a stored family

    def get_custom_urls(self) -> tuple[Any, ...]:
        return (
            ("<uuid:pk>/tuples/", "families_family_tuples", self.tuples_view),
            ("<uuid:pk>/preview/", "families_family_preview", self.preview_view),
        )

    def page_context(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        family = self.get_object(request, object_id)
        return overview(family, page=_number(request.GET.get("rows"))) if family else {}

    def tuples_view(self, request: HttpRequest, pk: UUID, **_: Any) -> HttpResponse:
        """The tuples of many members in one table, saved all or none."""
        family = self._changeable(request, pk)
        form = TuplesForm(family, request.POST or None, everyone="all" in request.GET)
        if request.method == "POST" and form.save():
            self.message_user(request, f"The tuples of “{family}” are saved.")
            return HttpResponseRedirect(self.page_of(family, "#tuples"))
        return self._page(request, "tuples", family, f"Tuples of {family}", form=form)

    def preview_view(self, request: HttpRequest, pk: UUID, **_: Any) -> HttpResponse:
        """The controls that a user will see, for any picks."""
        family = self._changeable(request, pk)
        loaded = load_family(family.key)
        try:
            shown = catalogue_family(loaded, request.GET.dict())
        except CatalogueError:  # picks from an address of another day
            shown = catalogue_family(loaded, {})
        nearest = [(spelled(picks), f"?{urlencode(picks)}") for picks in shown["resolved"].get("nearest", ())]
        title = f"Preview of {family}"
        return self._page(request, "preview", family, title, shown=shown, nearest=nearest)

    def response_add(self, request: HttpRequest, obj: Family, *args: Any, **kwargs: Any) -> HttpResponse:
        """A new family goes on to its page, where the axes are."""
        request.POST = request.POST.copy()
        request.POST["_continue"] = "1"
        return super().response_add(request, obj, *args, **kwargs)

    def home(self, row: Family) -> str:
        """A saved family stays on its page, where its members are."""
        return self.page_of(row)

    def home_without(self, row: Family) -> None:
        return None

    def forget(self, row: Family, *, seen: int) -> None:
        family_delete(family=row, expected_version=seen)

    def changes(self, row: Family, *, before: datetime | None) -> Page:
        return family_history(row, before=before)

    @admin.display(description="axes", ordering="axis_total")
    def axis_count(self, family: Family) -> int:
        return family.axis_total

    @admin.display(description="members", ordering="member_total")
    def member_count(self, family: Family) -> int:
        return family.member_total

    def _changeable(self, request: HttpRequest, pk: UUID) -> Family:
        family = get_object_or_404(Family, pk=pk)
        if not self.has_change_permission(request, family):
            raise PermissionDenied
        return family

    def _page(
        self, request: HttpRequest, name: str, family: Family, title: str, **context: Any
    ) -> HttpResponse:
        everywhere = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(
            request,
            f"families/admin/{name}.html",
            {**everywhere, "title": title, "family": family, "original": family, **context},
        )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 1
