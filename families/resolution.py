"""From a family and the user's picks to one member: pure functions over loaded rows.

A member is reached only by the tuple it holds, so a member that lacks an axis is reached by nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .errors import MemberUnavailable, NoMember, UnknownAxis, UnknownOption
from .models import Family, Workflow

Selection = dict[str, str]
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


@dataclass(frozen=True, slots=True)
class LoadedMember:
    workflow: Workflow
    selection: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LoadedFamily:
    """A family with everything resolution reads; `axes` and `members` in their order of display."""

    row: Family
    axes: tuple[LoadedAxis, ...]
    members: tuple[LoadedMember, ...]

    @property
    def key(self) -> str:
        return self.row.key

    @property
    def axis_keys(self) -> list[str]:
        return [axis.key for axis in self.axes]


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
    for member in family.members:
        if member.selection == selection and not unset_reasons(family.axis_keys, selection):
            return member
    return None


def resolve_member(family: LoadedFamily, selection: Mapping[str, str]) -> LoadedMember:
    """The available member that the selection means. Raises NoMember or MemberUnavailable."""
    member = find_member(family, selection)
    if member is None:
        raise NoMember(family.key, selection, nearest_selections(family, selection))
    if reasons := workflow_reasons(member.workflow):
        raise MemberUnavailable(member.workflow.key, reasons)
    return member


def nearest_selections(family: LoadedFamily, selection: Mapping[str, str]) -> list[Selection]:
    """Selections that resolve to an available member, the fewest changed picks first."""

    def changes(other: Selection) -> int:
        return sum(selection.get(key) != value for key, value in other.items())

    return sorted(available_selections(family), key=changes)[:NEAREST]


def available_selections(family: LoadedFamily) -> list[Selection]:
    """Every selection that resolves to an available member, in the order of the axes and members."""
    return [
        {key: member.selection[key] for key in family.axis_keys}
        for member in family.members
        if not member_reasons(family, member)
    ]


def reachable_options(family: LoadedFamily, selection: Mapping[str, str]) -> set[tuple[str, str]]:
    """The `(axis, value)` pairs that lead to an available member by changing only that pick."""
    return {
        (axis, available[axis])
        for available in available_selections(family)
        for axis in available
        if all(selection.get(key) == value for key, value in available.items() if key != axis)
    }


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
