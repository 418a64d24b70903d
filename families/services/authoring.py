"""What surrounds every change to a family: its lock, its version, and the rules about all of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ..errors import AdultDefault, Loc, ToggleOptions, UnknownFamily, spelled
from ..models import Axis, Family, Member


@contextmanager
def authoring(family: Family, *, loc: Loc = ()) -> Iterator[Family]:
    """Hold off other authors of the family; on the way out raise its version and check its default selection.

    `loc` is the field to blame if the default selection has become an adult one. Raises UnknownFamily.
    """
    with transaction.atomic():
        locked = Family.objects.select_for_update(no_key=True).filter(pk=family.pk).first()
        if locked is None:
            raise UnknownFamily(family.key)
        yield locked
        refuse_adult_default(locked, loc=loc)
        Family.objects.filter(pk=locked.pk).update(version=F("version") + 1, updated_at=timezone.now())


def refuse_adult_default(family: Family, *, loc: Loc) -> None:
    """The default selection is kept SFW, whatever the state of its workflow. Raises AdultDefault."""
    defaults = dict(family.axes.values_list("key", "default_option__value"))
    member = Member.objects.select_related("workflow").filter(family=family, selection=defaults).first()
    if member and member.workflow.rating == member.workflow.Rating.ADULT:
        raise AdultDefault(
            f"The default selection of “{family.key}” ({spelled(defaults)}) would lead to the adult workflow "
            f"“{member.workflow.key}”; keep the default selection SFW.",
            loc=loc,
        )


def check_toggle(axis: Axis, *, loc: Loc) -> None:
    """A toggle has at most two options, and exactly two once members use it. Raises ToggleOptions."""
    count = axis.options.count()
    if axis.control == Axis.Control.TOGGLE and (count > 2 or (count < 2 and axis.uses.exists())):
        raise ToggleOptions(
            f"The toggle “{axis.key}” would have {count} options; a toggle has exactly two.", loc=loc
        )


def next_position(last: int | None) -> int:
    """The place behind the last one."""
    return 0 if last is None else last + 1
