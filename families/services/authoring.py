"""What surrounds every change to a family: its lock, its version, and the rules about all of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from ..errors import AdultDefault, Loc, StaleVersion, ToggleOptions, UnknownFamily, spelled
from ..history import changes_since, family_history
from ..models import Axis, Family, Member


@contextmanager
def authoring(family: Family, *, expected_version: int | None, loc: Loc = ()) -> Iterator[Family]:
    """Hold off other authors of the family; on the way out raise its version and check its default selection.

    `expected_version` is the version that the author has seen, None for whichever there is; `loc` is the
    field to blame if the default selection has become an adult one. Raises UnknownFamily or StaleVersion.
    """
    with transaction.atomic():
        locked = Family.objects.select_for_update(no_key=True).filter(pk=family.pk).first()
        if locked is None:
            raise UnknownFamily(family.key)
        refuse_stale(locked, expected_version)
        yield locked
        refuse_adult_default(locked, loc=loc)
        locked.refresh_from_db()
        locked.version += 1
        locked.save(update_fields=["version", "updated_at"])


def refuse_stale(family: Family, expected_version: int | None) -> None:
    """The family, read under its lock, is still what its author has seen. Raises StaleVersion."""
    if expected_version not in (None, family.version):
        records = Family.history.filter(id=family.pk, version=expected_version)
        changes = changes_since(records, family_history(family))
        raise StaleVersion(
            f"family “{family.key}”", expected_version, current=family.version, changes=changes
        )


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
