"""What a family still lacks: for its author, before its users find out."""

from collections.abc import Iterator
from itertools import islice, product
from math import prod
from typing import Any

from .resolution import LoadedFamily, LoadedMember, Selection, member_reasons, unset_reasons
from .selectors import load_family

LISTED_HOLES = 100  # tuples multiply with every axis; nobody reads more of them


def completeness(key: str) -> dict[str, Any]:
    """`{holes, hole_count, incomplete, unavailable, unreachable_options}` of one family.

    `holes` are full tuples without a member (the first hundred; `hole_count` counts all). `incomplete` lists
    `{workflow, selection, reasons}` of members without a full tuple, `unavailable` of those that cannot run
    for any reason. `unreachable_options` are the `{axis, value}` that no available member holds.
    Raises UnknownFamily.
    """
    family = load_family(key)
    incomplete = [member for member in family.members if unset_reasons(family.axis_keys, member.selection)]
    return {
        "holes": list(islice(_holes(family), LISTED_HOLES)),
        "hole_count": hole_count(family),
        "incomplete": _listed(family, incomplete),
        "unavailable": _listed(
            family, [member for member in family.members if member_reasons(family, member)]
        ),
        "unreachable_options": [
            {"axis": axis.key, "value": value}
            for axis in family.axes
            for value in axis.values
            if (axis.key, value) not in family.offered
        ],
    }


def hole_count(family: LoadedFamily) -> int:
    return prod(len(axis.options) for axis in family.axes) - len(family.by_values)


def _holes(family: LoadedFamily) -> Iterator[Selection]:
    for values in product(*(axis.values for axis in family.axes)):
        if values not in family.by_values:
            yield family.selection_of(values)


def _listed(family: LoadedFamily, members: list[LoadedMember]) -> list[dict[str, Any]]:
    return [
        {
            "workflow": member.workflow.key,
            "selection": dict(member.selection),
            "reasons": member_reasons(family, member),
        }
        for member in members
    ]
