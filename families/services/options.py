"""The options of an axis."""

from typing import TypedDict, Unpack

from django.db.models import Max

from ..errors import InvalidDefault, OptionInUse
from ..models import Axis, Option
from .authoring import authoring, check_toggle, next_position
from .storing import change, store


class OptionFields(TypedDict, total=False):
    value: str
    label: str
    position: int


def option_add(
    *,
    axis: Axis,
    value: str,
    label: str = "",
    position: int | None = None,
    expected_version: int | None = None,
) -> Option:
    """Add a value to an axis; the first one becomes its default.

    Raises DuplicateKey, InvalidFields or ToggleOptions.
    """
    with authoring(axis.family, expected_version=expected_version, loc=("value",)):
        axis = Axis.objects.get(pk=axis.pk)
        if position is None:
            position = next_position(axis.options.aggregate(last=Max("position"))["last"])
        option = Option(axis=axis, value=value, label=label or value, position=position)
        store(option, name="value")
        check_toggle(axis, loc=("value",))
        if axis.default_option_id is None:
            axis.default_option = option
            axis.save(update_fields=["default_option"])
    return option


def option_update(
    *, option: Option, expected_version: int | None = None, **changes: Unpack[OptionFields]
) -> Option:
    """Change how an option is shown; its value stays, because members and clients spell it.

    Raises NameFixed or InvalidFields.
    """
    with authoring(option.axis.family, expected_version=expected_version):
        option = Option.objects.get(pk=option.pk)
        change(option, dict(changes), name="value")
    return option


def option_delete(*, option: Option, expected_version: int | None = None) -> None:
    """Remove a value that no member holds.

    Raises OptionInUse, ToggleOptions, or InvalidDefault while it is the default and others are left.
    """
    with authoring(option.axis.family, expected_version=expected_version):
        axis = Axis.objects.get(pk=option.axis_id)
        refuse_in_use(option)
        if axis.default_option_id == option.pk:
            if axis.options.count() > 1:
                raise InvalidDefault(
                    f"“{option.value}” is the default of “{axis.key}”; choose another default first.",
                    loc=("value",),
                )
            axis.default_option = None
            axis.save(update_fields=["default_option"])
        Option.objects.filter(pk=option.pk).delete()
        check_toggle(axis, loc=("value",))


def refuse_in_use(option: Option) -> None:
    """Raises OptionInUse."""
    if members := list(option.uses.values_list("member__workflow__key", flat=True)):
        raise OptionInUse(
            f"The option “{option.value}” is used by {', '.join(members)}; "
            "give these members another tuple or remove them first.",
            loc=("value",),
            extra={"members": members},
        )
