"""Options as an author writes them: one line each, `value = Label`."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from ..models import Axis
from ..services.axes import NewOption


class OptionLines(forms.CharField):
    """The options of an axis; in a browser with JavaScript its lines are rows of two boxes."""

    def __init__(self, **options: Any) -> None:
        widget = UnfoldAdminTextareaWidget({"rows": 3, "data-option-lines": "", "spellcheck": "false"})
        super().__init__(**{"required": False, "widget": widget, "label": "Options", **options})

    def clean(self, value: Any) -> list[NewOption]:
        return parse_lines(super().clean(value))

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else write_lines(value or ())

    def has_changed(self, initial: Any, data: Any) -> bool:
        if data is None:  # the page did not show it
            return False
        try:
            return parse_lines(data) != [NewOption(*option) for option in initial or ()]
        except ValidationError:
            return True


def parse_lines(text: str) -> list[NewOption]:
    """Raises ValidationError for a line without a value."""
    options = []
    for line in filter(str.strip, text.splitlines()):
        value, _, label = (part.strip() for part in line.partition("="))
        if not value:
            raise ValidationError(f"“{line.strip()}” has no value; write it as: value = Label")
        options.append(NewOption(value, label or value))
    return options


def write_lines(options: Sequence[NewOption]) -> str:
    return "\n".join(f"{value} = {label or value}" for value, label in options)


class OptionSelect(UnfoldAdminSelectWidget):
    """A choice among the options written beside it; the browser keeps the choices up to date."""

    def __init__(self, *, empty: str, extra: Sequence[tuple[str, str]] = (), role: str) -> None:
        super().__init__({"data-option-select": role})
        self.first = [("", empty), *extra]
        self.choices = self.first

    def offer(self, options: Sequence[NewOption]) -> None:
        self.choices = [*self.first, *((value, label or value) for value, label in options)]


class AxisPick(forms.ChoiceField):
    """A choice among the options of an axis; a blank, or one gone meanwhile, is refused by the service."""

    def __init__(self, axis: Axis, *, empty: str = "---------") -> None:
        options = [(option.value, option.label) for option in axis.options.all()]
        super().__init__(
            label=axis.display_name,
            choices=[("", empty), *options],
            required=False,
            widget=UnfoldAdminSelectWidget,
        )

    def valid_value(self, value: str) -> bool:
        return True
