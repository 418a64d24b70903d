"""What a change would do to a family: the dead ends that it has after the change and had not before."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from .completeness import hole_count
from .errors import spelled
from .resolution import LoadedFamily, Pick, Selection, default_selection, unset_reasons

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Consequences:
    """What worked and no longer would, or is new and would not work.

    `incomplete` are the workflows of members without a full tuple, `options` lead nowhere, nothing answers to
    `selections`, among them the `start` if it is there. `holes` is how many there are and would be.
    """

    family: str
    closed: bool
    incomplete: tuple[str, ...]
    options: tuple[Pick, ...]
    selections: tuple[Selection, ...]
    start: Selection | None
    holes: tuple[int, int]

    def facts(self) -> frozenset[str]:
        """Every single one, as one line each: to know whether an author was told of it."""
        return frozenset(f"{self.family}: {fact}" for fact in self._facts())

    def _facts(self) -> Iterator[str]:
        yield from (f"incomplete {workflow}" for workflow in self.incomplete)
        yield from (f"option {axis}={value}" for axis, value in self.options)
        yield from (f"selection {spelled(selection)}" for selection in self.selections)
        if self.start is not None:
            yield f"start {spelled(self.start)}"
        if self.closed:
            yield "closed"


def consequences(before: LoadedFamily, after: LoadedFamily) -> Consequences | None:
    """What would be worse after than before; None if nothing, or if nobody could use the family anyway."""
    if not before.available:
        return None
    found = Consequences(
        family=after.key,
        closed=not after.available,
        incomplete=tuple(_new(_incomplete(before), _incomplete(after))),
        options=tuple(_new(_dead_options(before), _dead_options(after))),
        selections=tuple(_lost(before, after)),
        start=_lost_start(before, after),
        holes=(hole_count(before), hole_count(after)),
    )
    return found if found.facts() else None


def _new(before: list[Item], after: list[Item]) -> list[Item]:
    known = frozenset(before)
    return [item for item in after if item not in known]


def _incomplete(family: LoadedFamily) -> list[str]:
    keys = family.axis_keys
    return [member.workflow.key for member in family.members if unset_reasons(keys, member.selection)]


def _dead_options(family: LoadedFamily) -> list[Pick]:
    picks = ((axis.key, value) for axis in family.axes for value in axis.values)
    return [pick for pick in picks if pick not in family.offered]


def _lost(before: LoadedFamily, after: LoadedFamily) -> Iterator[Selection]:
    """The tuples that nobody holds any more, or nobody who can run; with another axis none is the same."""
    if before.axis_keys == after.axis_keys:
        for values in before.by_values:
            is_hole = values not in after.by_values
            is_closed = values in before.available and values not in after.available
            if is_hole or is_closed:
                yield after.selection_of(values)


def _lost_start(before: LoadedFamily, after: LoadedFamily) -> Selection | None:
    return dead_start(after) if dead_start(before) is None else None


def dead_start(family: LoadedFamily) -> Selection | None:
    """The selection that the studio opens with, if it leads nowhere."""
    start = default_selection(family)
    return None if family.values_of(start) in family.available else start
