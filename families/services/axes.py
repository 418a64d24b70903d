"""The axes of a family."""

from collections.abc import Sequence
from typing import NamedTuple, TypedDict, Unpack

from django.db.models import Max

from ..errors import AxisInUse, CatalogueError, InvalidDefault
from ..models import Axis, Family, Option
from .authoring import authoring, check_toggle, next_position
from .storing import change, store


class NewOption(NamedTuple):
    value: str
    label: str = ""


class AxisFields(TypedDict, total=False):
    key: str
    display_name: str
    control: str
    position: int
    default: str


def axis_add(
    *,
    family: Family,
    key: str,
    display_name: str,
    control: str,
    options: Sequence[NewOption] = (),
    default: str | None = None,
    position: int | None = None,
    expected_version: int | None = None,
) -> Axis:
    """Add a control; without a default its first option is the default.

    Every member of the family is incomplete, and so unavailable, until it is given a tuple again.
    Raises DuplicateKey, InvalidFields, InvalidDefault, ToggleOptions or AdultDefault.
    """
    with authoring(family, expected_version=expected_version, loc=("default",)) as locked:
        if position is None:
            position = next_position(locked.axes.aggregate(last=Max("position"))["last"])
        axis = Axis(family=locked, key=key, display_name=display_name, control=control, position=position)
        store(axis, name="key")
        for place, (value, label) in enumerate(options):
            option = Option(axis=axis, value=value, label=label or value, position=place)
            try:
                store(option, name="value")
            except CatalogueError as error:
                raise error.under("options", place) from error
        check_toggle(axis, loc=("options",))
        if options or default is not None:
            set_default(axis, options[0].value if default is None else default)
    return axis


def axis_update(*, axis: Axis, expected_version: int | None = None, **changes: Unpack[AxisFields]) -> Axis:
    """Change how a control looks or where it starts; its key stays, because members and clients spell it.

    Raises NameFixed, InvalidFields, InvalidDefault, ToggleOptions or AdultDefault.
    """
    fields = dict(changes)
    default = fields.pop("default", None)
    with authoring(axis.family, expected_version=expected_version, loc=("default",)):
        axis = Axis.objects.get(pk=axis.pk)
        change(axis, fields, name="key")
        check_toggle(axis, loc=("control",))
        if default is not None:
            set_default(axis, default)
    return axis


def axis_delete(*, axis: Axis, expected_version: int | None = None) -> None:
    """Remove a control that no member has a value for.

    Raises AxisInUse, or AdultDefault if the remaining defaults would lead to an adult workflow.
    """
    with authoring(axis.family, expected_version=expected_version):
        if members := list(axis.uses.values_list("member__workflow__key", flat=True)):
            raise AxisInUse(
                f"The axis “{axis.key}” is used by {', '.join(members)}; "
                "remove these members from the family first.",
                loc=("key",),
                extra={"members": members},
            )
        Axis.objects.filter(pk=axis.pk).delete()


def set_default(axis: Axis, value: object) -> None:
    """Raises InvalidDefault."""
    option = axis.options.filter(value=value).first()
    if option is None:
        known = ", ".join(axis.options.values_list("value", flat=True)) or "none yet"
        raise InvalidDefault(
            f"“{value}” is not an option of the axis “{axis.key}”; its options are: {known}.",
            loc=("default",),
        )
    axis.default_option = option
    axis.save(update_fields=["default_option"])
