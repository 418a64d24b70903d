"""From a family and the user's picks to one member: pure functions over loaded rows.

A member is reached only by the tuple it holds, so a member that lacks an axis is reached by nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import ne

from .contract import Contract, parse_contract
from .errors import MemberUnavailable, NoMember, UnknownAxis, UnknownOption
from .models import Family, Workflow

Selection = dict[str, str]
Values = tuple[str | None, ...]  # of a selection, in the order of the axes; None where it has none
Pick = tuple[str, str]  # an axis and one of its values
NEAREST = 5  # selections offered instead of one that leads nowhere


@dataclass(frozen=True, slots=True)
class LoadedOption:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class LoadedAxis:
    """`default` is None only while the axis has no options."""

    key: str
    display_name: str
    control: str
    default: str | None
    options: tuple[LoadedOption, ...]

    @property
    def values(self) -> list[str]:
        return [option.value for option in self.options]

    def label(self, value: str | None) -> str:
        """An option as its user reads it."""
        return next((option.label for option in self.options if option.value == value), "")


@dataclass(frozen=True)
class LoadedMember:
    workflow: Workflow
    selection: Mapping[str, str]

    @cached_property
    def contract(self) -> Contract:
        return parse_contract(self.workflow.contract)


@dataclass(frozen=True)
class LoadedFamily:
    """A family with everything resolution reads; `axes` and `members` in their order of display.

    Requests share it, so nobody changes it or the rows in it. `token` is another one after every change.
    """

    row: Family
    axes: tuple[LoadedAxis, ...]
    members: tuple[LoadedMember, ...]
    token: str = ""

    @property
    def key(self) -> str:
        return self.row.key

    @cached_property
    def axis_keys(self) -> tuple[str, ...]:
        return tuple(axis.key for axis in self.axes)

    @cached_property
    def by_values(self) -> dict[Values, LoadedMember]:
        """The members with a full tuple, available or not, by that tuple."""
        return {
            self.values_of(member.selection): member
            for member in self.members
            if not unset_reasons(self.axis_keys, member.selection)
        }

    @cached_property
    def available(self) -> dict[Values, LoadedMember]:
        """The members that can be selected, by their tuple."""
        return {
            values: member
            for values, member in self.by_values.items()
            if not workflow_reasons(member.workflow)
        }

    @cached_property
    def offered(self) -> frozenset[tuple[str, str | None]]:
        """The picks that at least one available member holds."""
        return frozenset(
            pick for values in self.available for pick in zip(self.axis_keys, values, strict=True)
        )

    def values_of(self, selection: Mapping[str, str]) -> Values:
        return tuple(map(selection.get, self.axis_keys))

    def selection_of(self, values: Values) -> Selection:
        return {key: value for key, value in zip(self.axis_keys, values, strict=True) if value is not None}


def default_selection(family: LoadedFamily) -> Selection:
    return {axis.key: axis.default for axis in family.axes if axis.default is not None}


def complete_selection(family: LoadedFamily, picks: Mapping[str, object]) -> Selection:
    """The picks with each missing axis at its default, in the order of the axes.

    Raises UnknownAxis or UnknownOption.
    """
    for key in picks:
        if key not in family.axis_keys:
            raise UnknownAxis(key, family=family.key, known=family.axis_keys, field="selection")
    selection = default_selection(family)
    for axis in family.axes:
        if axis.key in picks:
            selection[axis.key] = _known_value(axis, picks[axis.key])
    return selection


def find_member(family: LoadedFamily, selection: Mapping[str, str]) -> LoadedMember | None:
    """The member whose full tuple equals the selection, available or not."""
    return family.by_values.get(family.values_of(selection))


def resolve_member(family: LoadedFamily, selection: Mapping[str, str]) -> LoadedMember:
    """The available member that the selection means. Raises NoMember or MemberUnavailable."""
    member = find_member(family, selection)
    if member is None:
        raise NoMember(family.key, selection, nearest_selections(family, selection))
    if reasons := workflow_reasons(member.workflow):
        raise MemberUnavailable(member.workflow.key, reasons, nearest_selections(family, selection))
    return member


def nearest_selections(family: LoadedFamily, selection: Mapping[str, str]) -> list[Selection]:
    """Selections that resolve to an available member, the fewest changed picks first."""
    return [family.selection_of(values) for values in _by_distance(family, selection)[:NEAREST]]


def available_selections(family: LoadedFamily) -> list[Selection]:
    """Every selection that resolves to an available member, in the order of the axes and members."""
    return [family.selection_of(values) for values in family.available]


def dead_ends(family: LoadedFamily, selection: Mapping[str, str]) -> dict[Pick, str]:
    """The picks that lead to no available member when only they are changed, each with why, for its user.

    A sentence says what stands in the way, and another which other picks to change, if that helps.
    """
    picked = family.values_of(selection)
    reached = {
        (axis.key, value): (*picked[:place], value, *picked[place + 1 :])
        for place, axis in enumerate(family.axes)
        for value in axis.values
    }
    dead = {pick: values for pick, values in reached.items() if values not in family.available}
    ways = _ways(family, selection, dead.keys() & family.offered)
    return {pick: _why(family, pick, values, ways.get(pick)) for pick, values in dead.items()}


def member_reasons(family: LoadedFamily, member: LoadedMember) -> list[str]:
    """Why a member cannot be selected, as ends of a sentence about it; empty when it can."""
    return workflow_reasons(member.workflow) + unset_reasons(family.axis_keys, member.selection)


def workflow_reasons(workflow: Workflow) -> list[str]:
    """Why a workflow cannot run in any family; empty when it can."""
    reasons = []
    if workflow.state == Workflow.State.DRAFT:
        reasons.append("is a draft")
    if workflow.state == Workflow.State.ARCHIVED:
        reasons.append("is archived")
    if not workflow.contract.get("outputs"):
        reasons.append("does not expose image or video outputs")
    return reasons


def unset_reasons(axis_keys: Iterable[str], selection: Mapping[str, str]) -> list[str]:
    """Which axes a tuple leaves blank: those added after it was given; empty when it is full."""
    return [f"has no value for axis {key}" for key in axis_keys if key not in selection]


def _known_value(axis: LoadedAxis, value: object) -> str:
    for known in axis.values:
        if known == value:
            return known
    raise UnknownOption(value, axis=axis.key, known=axis.values, field="selection")


def _by_distance(family: LoadedFamily, selection: Mapping[str, str]) -> list[Values]:
    """The tuples of the available members, the fewest changed picks first."""
    picked = family.values_of(selection)
    return sorted(family.available, key=lambda values: sum(map(ne, values, picked)))


def _ways(family: LoadedFamily, selection: Mapping[str, str], picks: set[Pick]) -> dict[Pick, Values]:
    """For each of these picks the nearest available tuple that has it: one pass for all of them."""
    ways: dict[Pick, Values] = {}
    if picks:
        for values in _by_distance(family, selection):
            for pick in picks.intersection(zip(family.axis_keys, values, strict=True)):
                ways.setdefault(pick, values)
            if len(ways) == len(picks):
                break
    return ways


def _why(family: LoadedFamily, pick: Pick, values: Values, way: Values | None) -> str:
    if member := family.by_values.get(values):
        obstacle = f"The workflow “{member.workflow}” {' and '.join(workflow_reasons(member.workflow))}."
    elif way:
        obstacle = "Nothing is made for this together with the other picks."
    else:
        obstacle = "No available workflow is made for this."
    if not way:
        return obstacle
    changes = ", ".join(
        f"{axis.display_name}: {axis.label(value)}"
        for axis, value, was in zip(family.axes, way, values, strict=True)
        if value != was
    )
    return f"{obstacle} It works with {changes}."
