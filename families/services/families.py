"""Families themselves."""

from typing import TypedDict, Unpack

from django.db import transaction

from ..models import Family
from .authoring import authoring, refuse_stale
from .storing import change, store


class FamilyFields(TypedDict, total=False):
    key: str
    display_name: str
    description: str
    position: int


def family_create(*, key: str, display_name: str, description: str = "", position: int = 0) -> Family:
    """Raises DuplicateKey or InvalidFields."""
    family = Family(key=key, display_name=display_name, description=description, position=position)
    store(family, name="key")
    return family


def family_update(
    *, family: Family, expected_version: int | None = None, **changes: Unpack[FamilyFields]
) -> Family:
    """Change how a family is shown; its key stays, because clients spell it.

    Raises NameFixed or InvalidFields.
    """
    with authoring(family, expected_version=expected_version) as locked:
        change(locked, dict(changes), name="key")
    locked.refresh_from_db()
    return locked


@transaction.atomic
def family_delete(*, family: Family, expected_version: int | None = None) -> None:
    """Forget a family with its axes and memberships; the workflows and past generations stay."""
    # Waits for authors at work, who would otherwise add rows to what is being deleted.
    locked = Family.objects.select_for_update().filter(pk=family.pk)
    if current := locked.first():
        refuse_stale(current, expected_version)
        locked.delete()
