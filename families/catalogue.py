"""What the catalogue answers: the families, one family with picks applied, and a dry run of a request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .contract import Contract, parse_contract
from .descriptors import Descriptor, axis_shapes, describe
from .errors import NoMember
from .models import Family, Workflow
from .resolution import (
    LoadedFamily,
    LoadedMember,
    Selection,
    available_selections,
    complete_selection,
    default_selection,
    find_member,
    resolve_member,
    workflow_reasons,
)
from .selectors import load_catalogue, load_family


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a selection means: the rows to run, and the form that goes with them.

    `rating` and `price` (of one prediction) are the workflow's own, whatever the picks are called.
    """

    family: Family
    workflow: Workflow
    selection: Selection
    contract: Contract
    descriptors: Sequence[Descriptor]

    @property
    def rating(self) -> str:
        return self.workflow.rating

    @property
    def price(self) -> Decimal:
        return self.workflow.price

    def as_dict(self, num_predictions: int = 1) -> dict[str, Any]:
        """`{selection, resolved, descriptors, price}`: the catalogue's half of the answer to a dry run."""
        return {
            "selection": self.selection,
            "resolved": _resolved(self.workflow, []),
            "descriptors": [descriptor.as_dict() for descriptor in self.descriptors],
            "price": self.price * num_predictions,
        }


def catalogue_list() -> list[dict[str, Any]]:
    """Every family as `{key, display_name, description, version, available, default_selection, axes}`."""
    return [_family_shape(family, default_selection(family)) for family in load_catalogue()]


def catalogue_family(key: str, picks: Mapping[str, object]) -> dict[str, Any]:
    """One family with picks applied: its shape plus `selection`, `resolved` and `descriptors`.

    A selection that leads nowhere is no error here: `resolved.available` is false and `reasons` say why.
    Raises UnknownFamily, UnknownAxis or UnknownOption.
    """
    family = load_family(key)
    selection = complete_selection(family, picks)
    member = find_member(family, selection)
    contract = parse_contract(member.workflow.contract) if member else None
    return {
        **_family_shape(family, selection),
        "selection": selection,
        "resolved": _resolved_member(family, selection, member),
        "descriptors": [descriptor.as_dict() for descriptor in describe(family, selection, contract)],
    }


def resolve(key: str, selection: Mapping[str, object], inputs: Mapping[str, Any] | None = None) -> Resolution:
    """What a request for a family means. Missing axes take their default; inputs may still be incomplete.

    Raises UnknownFamily, UnknownAxis, UnknownOption, NoMember, MemberUnavailable or InvalidInputs.
    """
    family = load_family(key)
    complete = complete_selection(family, selection)
    workflow = resolve_member(family, complete).workflow
    contract = parse_contract(workflow.contract)
    values = contract.preview_inputs(inputs or {})
    return Resolution(family.row, workflow, complete, contract, describe(family, complete, contract, values))


def _family_shape(family: LoadedFamily, selection: Selection) -> dict[str, Any]:
    return {
        "key": family.key,
        "display_name": family.row.display_name,
        "description": family.row.description,
        "version": family.row.version,
        "available": bool(available_selections(family)),
        "default_selection": default_selection(family),
        "axes": axis_shapes(family, selection),
    }


def _resolved_member(
    family: LoadedFamily, selection: Selection, member: LoadedMember | None
) -> dict[str, Any]:
    if member:
        return _resolved(member.workflow, workflow_reasons(member.workflow))
    reason = NoMember(family.key, selection, nearest=available_selections(family)).detail
    return _resolved(None, [reason])


def _resolved(workflow: Workflow | None, reasons: list[str]) -> dict[str, Any]:
    return {
        "workflow": workflow and workflow.key,
        "version": workflow and workflow.version,
        "strategy": workflow and workflow.strategy,
        "rating": workflow and workflow.rating,
        "available": not reasons,
        "reasons": reasons,
    }
