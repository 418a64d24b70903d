"""Changes that only make sense all at once: an axis with its options, and the tuples of many members."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Unpack

from django.db.models import CharField
from django.db.models.functions import Cast, JSONObject
from simple_history.utils import bulk_update_with_history

from ..errors import (
    CatalogueError,
    DuplicateKey,
    DuplicateTuple,
    InputProblem,
    InvalidDefault,
    Loc,
    UnknownAxis,
    UnknownWorkflow,
    spelled,
)
from ..models import Axis, Family, Member, MemberOption, Option
from .authoring import authoring, check_toggle
from .axes import AxisFields, NewOption, set_default
from .members import full_tuple, option_of, tuple_axes
from .options import refuse_in_use
from .storing import change, store

BATCH = 500
Picks = list[tuple[Axis, Option]]


def axis_arrange(
    *,
    axis: Axis,
    options: Sequence[NewOption],
    expected_version: int | None = None,
    **changes: Unpack[AxisFields],
) -> Axis:
    """Change an axis and make these its options, in this order: what is not listed goes, what is new comes.

    Raises OptionInUse, DuplicateKey, InvalidFields, InvalidDefault, ToggleOptions or AdultDefault.
    """
    fields = dict(changes)
    default = fields.pop("default", None)
    with authoring(axis.family, expected_version=expected_version, loc=("default",)):
        axis = Axis.objects.select_related("default_option").get(pk=axis.pk)
        change(axis, fields, name="key")
        gone = _write_options(axis, options)
        values = [option.value for option in options]
        if default is None:
            default = axis.default_option.value if axis.default_option else next(iter(values), None)
        _move_default(axis, default, gone=gone)
        Option.objects.filter(pk__in=[option.pk for option in gone]).delete()
        check_toggle(axis, loc=("options",))
    return axis


def axis_fill(*, axis: Axis, value: str, expected_version: int | None = None) -> list[Member]:
    """Give every member that has no value for an axis the same one.

    Raises UnknownAxis, UnknownOption, ToggleOptions, DuplicateTuple or AdultDefault.
    """
    with authoring(axis.family, expected_version=expected_version, loc=("tuple", axis.key)) as family:
        axes = tuple_axes(family)
        if axis.key not in axes:
            raise UnknownAxis(axis.key, family=family.key, known=list(axes), field="tuple")
        option = option_of(axes[axis.key], value)
        members = family.members.exclude(options__axis=axis).select_related("workflow")
        lacking = list(members.prefetch_related("options__axis", "options__option"))
        tuples = [
            (member, [*((use.axis, use.option) for use in member.options.all()), (option.axis, option)])
            for member in lacking
        ]
        _give_tuples(family, tuples, loc=())
    return lacking


def members_retuple(
    *,
    family: Family,
    selections: Mapping[str, Mapping[str, object]],
    expected_version: int | None = None,
) -> list[Member]:
    """Give several members, by the keys of their workflows, other full tuples: all, or none of them.

    Members may swap their tuples. A refusal's `loc` and `errors` begin with `tuples` and the workflow's key.
    Raises UnknownWorkflow, UnknownAxis, UnknownOption, IncompleteTuple, ToggleOptions, DuplicateTuple or
    AdultDefault.
    """
    with authoring(family, expected_version=expected_version, loc=("tuples",)) as locked:
        members = {member.workflow.key: member for member in locked.members.select_related("workflow")}
        for key in selections:
            if key not in members:
                raise UnknownWorkflow(
                    f"The family “{locked.key}” has no member “{key}”.", loc=("tuples", key)
                )
        picks = _full_tuples(locked, selections)
        _give_tuples(locked, [(members[key], tuple_) for key, tuple_ in picks.items()], loc=("tuples",))
    return [members[key] for key in selections]


def _write_options(axis: Axis, options: Sequence[NewOption]) -> list[Option]:
    """Write the options, and answer those that are no longer wanted, which no member holds."""
    values = [option.value for option in options]
    if repeated := sorted({value for value in values if values.count(value) > 1}):
        raise DuplicateKey(
            f"The option “{repeated[0]}” is listed twice; remove one of them.", loc=("options",)
        )
    stored = {option.value: option for option in axis.options.all()}
    gone = [option for value, option in stored.items() if value not in values]
    for option in gone:
        refuse_in_use(option)
    for place, (value, label) in enumerate(options):
        option = stored.get(value) or Option(axis=axis, value=value)
        wanted = (label or value, place)
        if option._state.adding or (option.label, option.position) != wanted:
            option.label, option.position = wanted
            store(option, name="value")
    return gone


def _move_default(axis: Axis, default: object, *, gone: Sequence[Option]) -> None:
    if default is None:
        return
    if axis.options.count() == len(gone):  # the last options leave, and the default with them
        axis.default_option = None
        axis.save(update_fields=["default_option"])
        return
    if default in [option.value for option in gone]:
        raise InvalidDefault(
            f"“{default}” is the default of “{axis.key}”; choose another default before removing it.",
            loc=("default",),
        )
    set_default(axis, default)


def _full_tuples(family: Family, selections: Mapping[str, Mapping[str, object]]) -> dict[str, Picks]:
    """Every selection as a full tuple; what is wrong with any of them is told at once."""
    axes = tuple_axes(family)
    found: dict[str, Picks] = {}
    refused: list[CatalogueError] = []
    for key, selection in selections.items():
        try:
            found[key] = full_tuple(family, axes, selection)
        except CatalogueError as error:
            refused.append(_below(("tuples", key), error))
    if refused:
        refused[0].errors = [problem for error in refused for problem in error.errors]
        raise refused[0]
    return found


def _below(loc: Loc, error: CatalogueError) -> CatalogueError:
    """The error of one tuple as one among many: its places begin with `loc`."""
    problems = error.errors or [InputProblem(error.loc, error.detail, error.code)]
    error.errors = [replace(problem, loc=(*loc, *problem.loc[1:])) for problem in problems]
    error.loc = (*loc, *error.loc[1:])
    return error


def _give_tuples(family: Family, tuples: Sequence[tuple[Member, Picks]], *, loc: Loc) -> None:
    """Write the tuples of members, as selections and as rows, in a few statements for all of them."""
    for member, picks in tuples:
        member.selection = {axis.key: option.value for axis, option in picks}
    members = [member for member, _ in tuples]
    _refuse_shared(family, members, loc=loc)
    rows = Member.objects.filter(pk__in=[member.pk for member in members])
    # Parked first: while one statement swaps two tuples, they are for a moment the same.
    rows.update(selection=JSONObject(parked=Cast("pk", CharField())))
    bulk_update_with_history(members, Member, ["selection"], batch_size=BATCH)
    MemberOption.objects.filter(member__in=members).delete()
    MemberOption.objects.bulk_create(
        (
            MemberOption(family=family, member=member, axis=axis, option=option)
            for member, picks in tuples
            for axis, option in picks
        ),
        batch_size=BATCH,
    )


def _refuse_shared(family: Family, members: Sequence[Member], *, loc: Loc) -> None:
    """No two members of the family, with these as they are to be, share a tuple. Raises DuplicateTuple."""
    others = family.members.exclude(pk__in=[member.pk for member in members]).select_related("workflow")
    holders = {_spelled(other): other for other in others}
    problems, named = [], []
    for member in members:
        other = holders.setdefault(_spelled(member), member)
        if other is not member:
            named.append(other.workflow.key)
            text = f"“{other.workflow.key}” already answers to {spelled(member.selection)}"
            problems.append(InputProblem((*loc, member.workflow.key), text, DuplicateTuple.code))
    if problems:
        raise DuplicateTuple(
            "No two members share a tuple: " + "; ".join(problem.msg for problem in problems) + ".",
            loc=problems[0].loc,
            extra={"workflow": named[0]},
            errors=problems,
        )


def _spelled(member: Member) -> frozenset[tuple[str, str]]:
    return frozenset(member.selection.items())
