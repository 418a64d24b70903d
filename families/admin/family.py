"""Families with their axes."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import TabularInline

from ..history import Page, family_history
from ..models import Axis, Family
from ..services import family_create, family_delete, family_update
from .axis import AxisForm
from .base import ServiceAdmin, ServiceForm, ServiceFormSet


class FamilyForm(ServiceForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].disabled = not self.instance._state.adding

    def perform(self) -> Family:
        if self.instance._state.adding:
            return family_create(**self.cleaned_data)
        return family_update(family=self.instance, **self.changes())


class AxisInline(TabularInline):
    """The axes at a glance; options, and deletion, are on the page of the axis."""

    model = Axis
    form = AxisForm
    formset = ServiceFormSet
    fields = ("key", "display_name", "control", "default_option", "position")
    extra = 0
    can_delete = False
    show_change_link = True


@admin.register(Family)
class FamilyAdmin(ServiceAdmin):
    form = FamilyForm
    fields = ("key", "display_name", "description", "position", "version", "members")
    readonly_fields = ("version", "members")
    list_display = ("display_name", "key", "position", "axis_count", "member_count", "version")
    search_fields = ("key", "display_name", "description")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Family]:
        counts = {"axis_total": Count("axes", distinct=True), "member_total": Count("members", distinct=True)}
        return super().get_queryset(request).annotate(**counts)

    def get_inlines(self, request: HttpRequest, obj: Family | None) -> list[type[TabularInline]]:
        return [AxisInline] if obj else []  # axes need a stored family

    def response_add(self, request: HttpRequest, obj: Family, *args: Any, **kwargs: Any) -> HttpResponse:
        """A new family goes on to its page, where the axes are."""
        request.POST = request.POST.copy()
        request.POST["_continue"] = "1"
        return super().response_add(request, obj, *args, **kwargs)

    def changes(self, row: Family, *, before: datetime | None) -> Page:
        return family_history(row, before=before)

    def forget(self, row: Family) -> None:
        family_delete(family=row)

    @admin.display(description="axes", ordering="axis_total")
    def axis_count(self, family: Family) -> int:
        return family.axis_total

    @admin.display(description="members", ordering="member_total")
    def member_count(self, family: Family) -> int:
        return family.member_total

    @admin.display(description="members")
    def members(self, family: Family) -> str:
        if family._state.adding:
            return "once the family is saved"
        return format_html(
            '{} members: <a href="{}?family__id__exact={}">show</a>, <a href="{}?family={}">add one</a>',
            family.members.count(),
            reverse("admin:families_member_changelist"),
            family.pk,
            reverse("admin:families_member_add"),
            family.pk,
        )
