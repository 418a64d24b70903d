"""What the catalogue answers: the families, one family with picks applied, and what a request means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .contract import Contract
from .descriptors import axis_shapes, describe_axes, describe_inputs
from .errors import InputProblem, InvalidInputs, NoMember
from .models import Family, Workflow
from .resolution import (
    LoadedFamily,
    LoadedMember,
    Selection,
    complete_selection,
    default_selection,
    find_member,
    nearest_selections,
    resolve_member,
    workflow_reasons,
)
from .selectors import load_family


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a selection means: the rows to run, and the form that goes with them.

    `rating` and `price` (of one prediction) are the workflow's own, whatever the picks are called.
    """

    loaded: LoadedFamily
    member: LoadedMember
    selection: Selection

    @property
    def family(self) -> Family:
        return self.loaded.row

    @property
    def workflow(self) -> Workflow:
        return self.member.workflow

    @property
    def contract(self) -> Contract:
        return self.member.contract

    @property
    def rating(self) -> str:
        return self.workflow.rating

    @property
    def price(self) -> Decimal:
        return self.workflow.price

    def with_picks(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs, and each pick whose axis has the key of an input that takes its value.

        Raises InvalidInputs for an input that says something else than the pick of the same key.
        """
        picked = {key: value for key, value in self.selection.items() if self.contract.takes(key, value)}
        if problems := [
            InputProblem(("inputs", key), "is an axis of this family: put it into the selection", "axis")
            for key, value in inputs.items()
            if key in self.selection and value is not None and value != picked.get(key)
        ]:
            raise InvalidInputs(problems)
        return {**inputs, **picked}

    def form(self, inputs: Mapping[str, Any], num_predictions: int = 1) -> dict[str, Any]:
        """`{selection, resolved, descriptors, price}`: the catalogue's half of the answer to a dry run.

        Required inputs may be missing still. Raises InvalidInputs.
        """
        values = self.contract.preview_inputs(self.with_picks(inputs))
        axes = describe_axes(self.loaded, axis_shapes(self.loaded, self.selection))
        controls = axes + describe_inputs(self.loaded, self.contract, values)
        return {
            "selection": self.selection,
            "resolved": _resolved(self.workflow, []),
            "descriptors": [control.as_dict() for control in controls],
            "price": self.price * num_predictions,
        }


def catalogue_list(families: Iterable[LoadedFamily]) -> list[dict[str, Any]]:
    """Every family as `{key, display_name, description, version, available, default_selection, axes}`."""
    return [_family_shape(family, axis_shapes(family, default_selection(family))) for family in families]


def catalogue_family(family: LoadedFamily, picks: Mapping[str, object]) -> dict[str, Any]:
    """One family with picks applied: its shape plus `selection`, `resolved` and `descriptors`.

    A selection that leads nowhere is no error here: `resolved.available` is false, `reasons` say why and
    `nearest` lists selections that lead somewhere. Raises UnknownAxis or UnknownOption.
    """
    selection = complete_selection(family, picks)
    member = find_member(family, selection)
    shapes = axis_shapes(family, selection)
    controls = describe_axes(family, shapes)
    if member:
        controls += describe_inputs(family, member.contract, {})
    return {
        **_family_shape(family, shapes),
        "selection": selection,
        "resolved": _resolved_member(family, selection, member),
        "descriptors": [control.as_dict() for control in controls],
    }


def resolve(key: str, selection: Mapping[str, object]) -> Resolution:
    """What a request for a family means. Missing axes take their default.

    Raises UnknownFamily, UnknownAxis, UnknownOption, NoMember or MemberUnavailable.
    """
    family = load_family(key)
    complete = complete_selection(family, selection)
    return Resolution(family, resolve_member(family, complete), complete)


def _family_shape(family: LoadedFamily, shapes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "key": family.key,
        "display_name": family.row.display_name,
        "description": family.row.description,
        "version": family.row.version,
        "available": bool(family.available),
        "default_selection": default_selection(family),
        "axes": shapes,
    }


def _resolved_member(
    family: LoadedFamily, selection: Selection, member: LoadedMember | None
) -> dict[str, Any]:
    nearest = nearest_selections(family, selection)
    if member is None:
        return _resolved(None, [NoMember(family.key, selection, nearest).detail], nearest)
    return _resolved(member.workflow, workflow_reasons(member.workflow), nearest)


def _resolved(
    workflow: Workflow | None, reasons: list[str], nearest: Iterable[Selection] = ()
) -> dict[str, Any]:
    return {
        "workflow": workflow and workflow.key,
        "version": workflow and workflow.version,
        "strategy": workflow and workflow.strategy,
        "rating": workflow and workflow.rating,
        "available": not reasons,
        "reasons": reasons,
        **({"nearest": list(nearest)} if reasons else {}),
    }
