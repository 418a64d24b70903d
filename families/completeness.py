"""What a family still lacks: for its author, before its users find out."""

from collections.abc import Iterator
from itertools import islice, product
from math import prod
from typing import Any

from .resolution import (
    LoadedFamily,
    LoadedMember,
    Selection,
    available_selections,
    member_reasons,
    unset_reasons,
)
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
    held = {(axis, value) for selection in available_selections(family) for axis, value in selection.items()}
    return {
        "holes": list(islice(_holes(family), LISTED_HOLES)),
        "hole_count": prod(len(axis.options) for axis in family.axes)
        - (len(family.members) - len(incomplete)),
        "incomplete": _listed(family, incomplete),
        "unavailable": _listed(
            family, [member for member in family.members if member_reasons(family, member)]
        ),
        "unreachable_options": [
            {"axis": axis.key, "value": value}
            for axis in family.axes
            for value in axis.values
            if (axis.key, value) not in held
        ],
    }


def _holes(family: LoadedFamily) -> Iterator[Selection]:
    taken = [member.selection for member in family.members]
    for values in product(*(axis.values for axis in family.axes)):
        selection = dict(zip(family.axis_keys, values, strict=True))
        if selection not in taken:
            yield selection


def _listed(family: LoadedFamily, members: list[LoadedMember]) -> list[dict[str, Any]]:
    return [
        {
            "workflow": member.workflow.key,
            "selection": dict(member.selection),
            "reasons": member_reasons(family, member),
        }
        for member in members
    ]
