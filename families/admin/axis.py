"""Axes with their options."""

from datetime import datetime
from json import dumps
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..errors import Loc
from ..history import Page, axis_history
from ..models import Axis, Family, Member
from ..services import axis_add, axis_arrange, axis_delete, axis_fill
from ..services.axes import NewOption
from .base import ServiceAdmin, ServiceForm
from .options import OptionLines, OptionSelect, parse_lines, write_lines
from .telling import linked

# What clients expect of the keys they draw in their own way; filled in when such an axis is added.
EXPECTED_OPTIONS = {
    "is_nsfw": [NewOption("off", "SFW"), NewOption("on", "18+")],
    "input_model": [NewOption("likeness", "Likeness"), NewOption("realism", "Realism")],
    "aspect_ratio": [NewOption(ratio, ratio) for ratio in ("1:1", "4:3", "3:4", "16:9", "9:16")],
}
ON_OFF = [NewOption("off", "Off"), NewOption("on", "On")]
# The same for the browser, which fills them in while the key is typed.
EXPECTED = dumps(
    {
        key: {
            "options": write_lines(options),
            "control": Axis.Control.TOGGLE if key in ("is_nsfw", "*toggle") else Axis.Control.DROPDOWN,
        }
        for key, options in {**EXPECTED_OPTIONS, "*toggle": ON_OFF}.items()
    }
)
LEAVE = "@leave"  # no option is called that: an at sign is not allowed in one


class AxisForm(ServiceForm):
    """An axis on its own page."""

    options = OptionLines(help_text="one line each: value = Label")
    default = forms.CharField(
        required=False,
        widget=OptionSelect(empty="the first option", role="default"),
        help_text="where the family starts; kept SFW",
    )
    fill = forms.CharField(
        required=False,
        label="Existing members get",
        widget=OptionSelect(empty="choose", extra=[(LEAVE, "nothing: leave them incomplete")], role="fill"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.adding = self.instance._state.adding
        for name in ("family", "key"):
            if name in self.fields:
                self.fields[name].disabled = not self.adding
        stored = [] if self.adding else self._stored_options()
        self.initial["options"] = stored
        self.fields["options"].widget.attrs["data-expected"] = EXPECTED
        if not self.adding and self.instance.default_option:
            self.initial["default"] = self.instance.default_option.value
        if not self.adding:
            self.fields["fill"].disabled = True
            self.fields["fill"].widget.first = [("", "—")]
        for name in ("default", "fill"):
            if isinstance(widget := self.fields[name].widget, OptionSelect):
                widget.offer(self._offered(stored))

    def guarded(self) -> Family | None:
        return self.instance.family if self.instance.family_id else None

    def affected(self) -> list[Family]:
        family = self.guarded()
        return [family] if family else []

    def rehearsable(self) -> bool:
        """Also while what the members get is not chosen: what leaving them out would do is told with it."""
        return all(
            mistake.code == "incomplete_members"
            for mistakes in self.errors.as_data().values()
            for mistake in mistakes
        )

    def field_at(self, loc: Loc) -> str | None:
        if loc[:1] == ("tuple",):
            return "fill"
        return super().field_at(tuple("options" if part == "value" else part for part in loc))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.adding and "key" in cleaned and not cleaned.get("options"):
            expected = EXPECTED_OPTIONS.get(cleaned["key"])
            cleaned["options"] = expected or (ON_OFF if cleaned.get("control") == Axis.Control.TOGGLE else [])
        if self.adding and self.has_changed() and not cleaned.get("fill") and (members := self._members()):
            self.add_error("fill", ValidationError(_consequence(members), code="incomplete_members"))
        return cleaned

    def perform(self) -> Axis:
        return self._add() if self.adding else self._arrange()

    def _add(self) -> Axis:
        values = self.cleaned_data
        with transaction.atomic():
            axis = axis_add(
                family=self.instance.family,
                key=values["key"],
                display_name=values["display_name"],
                control=values["control"],
                options=values["options"],
                default=values.get("default") or None,
                position=self.changes().get("position"),
            )
            if (fill := values.get("fill") or LEAVE) != LEAVE:
                axis_fill(axis=axis, value=fill)
        return axis

    def _arrange(self) -> Axis:
        changes = self.changes()
        options = changes.pop("options", self.initial["options"])
        if not changes.get("default"):
            changes.pop("default", None)
        return axis_arrange(axis=self.instance, options=options, **changes)

    def _stored_options(self) -> list[NewOption]:
        return [NewOption(option.value, option.label) for option in self.instance.options.all()]

    def _offered(self, stored: list[NewOption]) -> list[NewOption]:
        """The options as the author last typed them, so that a refused page keeps its choice."""
        if not self.is_bound:
            return stored
        try:
            return parse_lines(self.data.get(self.add_prefix("options")) or "") or stored
        except ValidationError:
            return stored

    def _members(self) -> list[Member]:
        """Who would be incomplete with one axis more."""
        family = self.instance.family_id or self.data.get("family") or self.initial.get("family")
        if not family:
            return []
        try:
            return list(Member.objects.filter(family=family).select_related("workflow"))
        except ValidationError:
            return []


def _consequence(members: list[Member]) -> SafeString:
    """What the axis would do to the members, before it does it."""
    return format_html(
        "With this axis {} would have no full tuple and be unavailable until re-tupled: {}. "
        "Choose the option they all get, or leave them incomplete for now.",
        "1 member" if len(members) == 1 else f"{len(members)} members",
        linked(members),
    )


@admin.register(Axis)
class AxisAdmin(ServiceAdmin):
    form = AxisForm
    fields = (
        "seen_version", "family", "key", "display_name", "control", "options", "default", "fill", "position",
    )  # fmt: skip
    list_display = ("display_name", "key", "family", "control", "default_option", "position")
    list_filter = ("family", "control")
    list_select_related = ("family", "default_option")
    search_fields = ("key", "display_name", "family__key", "family__display_name")
    ordering = ("family__key", "position", "key")

    def forget(self, row: Axis, *, seen: int) -> None:
        axis_delete(axis=row, expected_version=seen)

    def guarded(self, row: Axis) -> Family:
        return row.family

    def changes(self, row: Axis, *, before: datetime | None) -> Page:
        return axis_history(row, before=before)

    def home(self, row: Axis) -> str:
        return self.page_of(row.family)
