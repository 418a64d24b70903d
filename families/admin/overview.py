"""What the page of a family shows below its form: the table of tuples, and what is still missing."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from ..completeness import completeness
from ..consequences import dead_start
from ..errors import spelled
from ..matrix import Cell, build_matrix, incomplete_members
from ..models import Axis, Family
from ..selectors import load_family
from .member import PREFIX

HOLES = 12  # listed by name; the table shows the others


def overview(family: Family, *, page: int) -> dict[str, Any]:
    """The context of `family_overview.html`."""
    report = completeness(family.key)
    matrix = build_matrix(family, page=page)
    loaded = load_family(family.key)
    return {
        "matrix": matrix,
        "matrix_rows": [
            (labels, [(cell, _address(family, cell)) for cell in cells]) for labels, cells in matrix.rows
        ],
        "incomplete": incomplete_members(family),
        "hole_count": report["hole_count"],
        "holes": [(spelled(hole), _add_address(family, hole)) for hole in report["holes"][:HOLES]],
        "closed": [member for member in report["unavailable"] if member not in report["incomplete"]],
        "unreachable": _unreachable(family, report["unreachable_options"]),
        "dead_start": dead_start(loaded) if loaded.available else None,
        "member_count": family.members.count(),
    }


def _address(family: Family, cell: Cell) -> str:
    """Where a cell leads: to its member, or to the page that adds one here."""
    if cell.member:
        return reverse("admin:families_member_change", args=[cell.member.pk])
    return _add_address(family, cell.selection)


def _add_address(family: Family, selection: dict[str, str]) -> str:
    picks = {PREFIX + axis: value for axis, value in selection.items()}
    return f"{reverse('admin:families_member_add')}?{urlencode({'family': family.pk, **picks})}"


def _unreachable(family: Family, options: list[dict[str, str]]) -> list[tuple[Axis, list[str]]]:
    """The options that lead nowhere, by axis."""
    values: dict[str, list[str]] = {}
    for option in options:
        values.setdefault(option["axis"], []).append(option["value"])
    return [(axis, values[axis.key]) for axis in family.axes.all() if axis.key in values]
