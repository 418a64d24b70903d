"""The tuples of many members in one table, saved all or none."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from ..errors import CatalogueError
from ..models import Axis, Family, Member
from ..services import members_retuple
from .base import SeenVersion
from .options import AxisPick
from .rehearsal import rehearse, warning
from .telling import stale, with_links

SHOWN = 200  # rows in one table; filling a column reaches the members beyond it too


class TuplesForm(forms.Form):
    """A drop-down for every member and axis; `fill` of an axis is for every blank in its column."""

    seen_version = SeenVersion()

    def __init__(self, family: Family, data: Mapping[str, Any] | None, *, everyone: bool) -> None:
        super().__init__(data, initial={"seen_version": family.version})
        self.family = family
        self.axes = list(family.axes.prefetch_related("options"))
        members = list(family.members.select_related("workflow"))
        keys = {axis.key for axis in self.axes}
        lacking = [member for member in members if not keys <= member.selection.keys()]
        self.members = members if everyone or not lacking else lacking
        self.shown = self.members[:SHOWN]
        self.others = len(members) - len(self.members)
        for axis in self.axes:
            self.fields[_fill(axis)] = AxisPick(axis, empty="fill the blanks with …")
            for member in self.shown:
                field = AxisPick(axis, empty="choose")
                field.initial = member.selection.get(axis.key)
                self.fields[_cell(member, axis)] = field

    def save(self) -> bool:
        """Whether every tuple is stored; otherwise the errors say where it stopped."""
        if not self.is_valid():
            return False
        with transaction.atomic():
            locked = Family.objects.select_for_update(no_key=True).get(pk=self.family.pk)
            if locked.version != (seen := self.cleaned_data["seen_version"]):
                self.add_error(None, stale(locked, seen))
                return False
            retuple = partial(members_retuple, family=locked, selections=self._selections())
            rehearsal = rehearse(retuple, families=[locked])
            if rehearsal.error:
                self._blame(rehearsal.error)
            elif untold := rehearsal.untold(self.data):
                self.add_error(None, warning(untold))
            else:
                retuple()
        return not self.errors

    def fills(self) -> Iterator[tuple[Axis, forms.BoundField]]:
        return ((axis, self[_fill(axis)]) for axis in self.axes)

    def rows(self) -> Iterator[tuple[Member, list[forms.BoundField]]]:
        return ((member, [self[_cell(member, axis)] for axis in self.axes]) for member in self.shown)

    def _selections(self) -> dict[str, dict[str, str]]:
        """The tuples that differ from those stored."""
        wanted = {}
        for member in self.members:
            selection = {axis.key: self._pick(member, axis) for axis in self.axes}
            if selection != member.selection:
                wanted[member.workflow.key] = selection
        return wanted

    def _pick(self, member: Member, axis: Axis) -> str:
        stored = member.selection.get(axis.key, "")
        return self.cleaned_data.get(_cell(member, axis), stored) or self.cleaned_data[_fill(axis)]

    def _blame(self, error: CatalogueError) -> None:
        rows = {member.workflow.key: member for member in self.shown}
        for problem in error.problems():
            member = rows.get(str(problem.loc[1])) if len(problem.loc) > 1 else None
            axis = problem.loc[2] if len(problem.loc) > 2 else self.axes[0].key
            field = next((_cell(member, each) for each in self.axes if member and each.key == axis), None)
            message = with_links(problem.msg, error, self.family)
            self.add_error(field, ValidationError(message, code=error.code))


def _fill(axis: Axis) -> str:
    return f"fill-{axis.key}"


def _cell(member: Member, axis: Axis) -> str:
    return f"tuple-{member.pk}-{axis.key}"
