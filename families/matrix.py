"""Every tuple of a family as a table: the first axes across, the rest down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import prod

from .models import Axis, Family, Member, Option
from .resolution import unset_reasons, workflow_reasons

ACROSS = 6  # tuples in one row, as long as one axis alone has no more
ROWS = 40


@dataclass(frozen=True, slots=True)
class Cell:
    """One tuple: its member and why that one cannot run, or a hole."""

    selection: dict[str, str]
    member: Member | None
    reasons: list[str]
    is_default: bool


@dataclass(frozen=True, slots=True)
class Header:
    """One option above some columns."""

    axis: str
    label: str
    span: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """One page of rows; `rows` are the labels of the options that lead there, and the cells."""

    across: Sequence[Axis]
    down: Sequence[Axis]
    headers: list[list[Header]]
    rows: list[tuple[list[str], list[Cell]]]
    page: int
    pages: int
    tuples: int


def build_matrix(family: Family, *, page: int = 1) -> Matrix:
    """The table of a family; members without a full tuple are in no cell of it."""
    axes = list(family.axes.prefetch_related("options"))
    across = _across(axes)
    down = axes[len(across) :]
    total = prod(len(axis.options.all()) for axis in down)
    pages = max(1, -(-total // ROWS))
    page = min(max(1, page), pages)
    columns = list(product(*(axis.options.all() for axis in across)))
    rows = islice(product(*(axis.options.all() for axis in down)), (page - 1) * ROWS, page * ROWS)
    members = {_key(axes, member.selection): member for member in family.members.select_related("workflow")}
    defaults = {axis.key: axis.default_option.value for axis in axes if axis.default_option}

    def cell(*picks: Option) -> Cell:
        selection = {axis.key: option.value for axis, option in zip(axes, picks, strict=True)}
        member = members.get(_key(axes, selection))
        reasons = workflow_reasons(member.workflow) if member else []
        return Cell(selection, member, reasons, selection == defaults)

    return Matrix(
        across=across,
        down=down,
        headers=_headers(across),
        rows=[
            ([option.label for option in row], [cell(*column, *row) for column in columns]) for row in rows
        ],
        page=page,
        pages=pages,
        tuples=len(columns) * total,
    )


def incomplete_members(family: Family) -> list[tuple[Member, list[str]]]:
    """The members that an axis was added after, with what each lacks."""
    keys = [axis.key for axis in family.axes.all()]
    members = family.members.select_related("workflow")
    return [(member, reasons) for member in members if (reasons := unset_reasons(keys, member.selection))]


def _across(axes: Sequence[Axis]) -> list[Axis]:
    """The leading axes that fit side by side: at least one, and not the last of several."""
    chosen: list[Axis] = []
    width = 1
    for axis in axes[: max(1, len(axes) - 1)]:
        width *= len(axis.options.all())
        if chosen and width > ACROSS:
            break
        chosen.append(axis)
    return chosen


def _headers(across: Sequence[Axis]) -> list[list[Header]]:
    """One line of headers for each axis across, each option as wide as the columns under it."""
    counts = [len(axis.options.all()) for axis in across]
    return [
        [
            Header(axis.display_name, option.label, span=prod(counts[level + 1 :]))
            for _ in range(prod(counts[:level]))
            for option in axis.options.all()
        ]
        for level, axis in enumerate(across)
    ]


def _key(axes: Sequence[Axis], selection: Mapping[str, str]) -> tuple[str | None, ...]:
    return tuple(selection.get(axis.key) for axis in axes)
