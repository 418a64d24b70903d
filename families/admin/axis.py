"""Axes with their options."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from ..history import Page, axis_history
from ..models import Axis, Option
from ..services import axis_add, axis_delete, axis_update, option_add, option_delete, option_update
from ..services.axes import NewOption
from .base import ServiceAdmin, ServiceForm, ServiceFormSet

# What clients expect of the keys they draw in their own way; filled in when such an axis is added.
EXPECTED_OPTIONS = {
    "is_nsfw": [NewOption("off", "SFW"), NewOption("on", "18+")],
    "input_model": [NewOption("likeness", "Likeness"), NewOption("realism", "Realism")],
    "aspect_ratio": [NewOption(ratio) for ratio in ("1:1", "4:3", "3:4", "16:9", "9:16")],
}
ON_OFF = [NewOption("off", "Off"), NewOption("on", "On")]


class AxisForm(ServiceForm):
    """An axis on its own page, and as a row of its family's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        adding = self.instance._state.adding
        for name in ("family", "key"):
            if name in self.fields:
                self.fields[name].disabled = not adding
        if isinstance(default := self.fields.get("default_option"), forms.ModelChoiceField):
            options: QuerySet[Option] = Option.objects.filter(axis=self.instance.pk)
            default.queryset = options
            default.disabled = adding
            default.empty_label = None if options else "---------"

    def field_at(self, loc: Any) -> str | None:
        return super().field_at(tuple("default_option" if part == "default" else part for part in loc))

    def perform(self) -> Axis:
        changes = self.changes()
        default = changes.pop("default_option", None)
        if self.instance._state.adding:
            key, control = self.cleaned_data["key"], self.cleaned_data["control"]
            return axis_add(
                family=self.instance.family,
                key=key,
                display_name=self.cleaned_data["display_name"],
                control=control,
                options=EXPECTED_OPTIONS.get(key, ON_OFF if control == Axis.Control.TOGGLE else []),
                position=changes.get("position"),
            )
        return axis_update(axis=self.instance, **changes, **({"default": default.value} if default else {}))


class OptionForm(ServiceForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["value"].disabled = not self.instance._state.adding

    def perform(self) -> Option:
        if self.instance._state.adding:
            return option_add(axis=self.instance.axis, **self.changes())
        return option_update(option=self.instance, **self.changes())


class OptionFormSet(ServiceFormSet):
    def forget(self, row: Option) -> None:
        option_delete(option=row)


class OptionInline(TabularInline):
    model = Option
    form = OptionForm
    formset = OptionFormSet
    fields = ("value", "label", "position")
    extra = 0


@admin.register(Axis)
class AxisAdmin(ServiceAdmin):
    form = AxisForm
    fields = ("family", "key", "display_name", "control", "default_option", "position")
    list_display = ("display_name", "key", "family", "control", "default_option", "position")
    list_filter = ("family", "control")
    list_select_related = ("family", "default_option")
    search_fields = ("key", "display_name", "family__key", "family__display_name")
    ordering = ("family__key", "position", "key")

    def get_inlines(self, request: HttpRequest, obj: Axis | None) -> list[type[TabularInline]]:
        return [OptionInline] if obj else []  # options need a stored axis

    def changes(self, row: Axis, *, before: datetime | None) -> Page:
        return axis_history(row, before=before)

    def forget(self, row: Axis) -> None:
        axis_delete(axis=row)
