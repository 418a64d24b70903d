"""The members of a family: which workflow answers to which tuple."""

from collections.abc import Mapping

from django.db import transaction

from ..errors import (
    DuplicateTuple,
    IncompleteTuple,
    InputProblem,
    ToggleOptions,
    UnknownAxis,
    UnknownOption,
    UnknownWorkflow,
    WorkflowAlreadyMember,
    WorkflowUnavailable,
    spelled,
)
from ..models import Axis, Family, Member, MemberOption, Option, Workflow
from ..resolution import workflow_reasons
from .authoring import authoring


@transaction.atomic
def member_assign(
    *,
    family: Family,
    workflow: Workflow,
    selection: Mapping[str, object],
    expected_version: int | None = None,
) -> Member:
    """Put a published workflow that makes pictures into a family, under a full tuple `{axis: value}`.

    Raises WorkflowUnavailable, WorkflowAlreadyMember, UnknownAxis, UnknownOption, IncompleteTuple,
    ToggleOptions, DuplicateTuple or AdultDefault.
    """
    # Workflow before family, as everywhere: its rating and state cannot change behind the checks.
    locked_workflow = Workflow.objects.select_for_update(no_key=True).filter(pk=workflow.pk).first()
    if locked_workflow is None:
        raise UnknownWorkflow(f"There is no workflow “{workflow.key}” any more.", loc=("workflow",))
    with authoring(family, expected_version=expected_version, loc=("workflow",)) as locked:
        _refuse_unavailable(locked_workflow)
        if Member.objects.filter(family=locked, workflow=locked_workflow).exists():
            raise WorkflowAlreadyMember(
                f"The workflow “{workflow.key}” is already in the family “{family.key}”; change its tuple.",
                loc=("workflow",),
            )
        picks = full_tuple(locked, tuple_axes(locked), selection)
        member = Member(family=locked, workflow=locked_workflow)
        _give_tuple(member, picks)
    return member


def member_retuple(
    *, member: Member, selection: Mapping[str, object], expected_version: int | None = None
) -> Member:
    """Give a member another full tuple.

    Raises UnknownAxis, UnknownOption, IncompleteTuple, ToggleOptions, DuplicateTuple or AdultDefault.
    """
    with authoring(member.family, expected_version=expected_version, loc=("tuple",)) as locked:
        member = Member.objects.select_related("workflow").get(pk=member.pk)
        _give_tuple(member, full_tuple(locked, tuple_axes(locked), selection))
    return member


def member_remove(*, member: Member, expected_version: int | None = None) -> None:
    """Take a workflow out of a family; its other families keep it."""
    with authoring(member.family, expected_version=expected_version):
        Member.objects.filter(pk=member.pk).delete()


def _refuse_unavailable(workflow: Workflow) -> None:
    if reasons := workflow_reasons(workflow):
        raise WorkflowUnavailable(
            f"The workflow “{workflow.key}” {' and '.join(reasons)}; "
            "only a published workflow with an output can be a member.",
            loc=("workflow",),
            extra={"reasons": reasons},
        )


def tuple_axes(family: Family) -> dict[str, Axis]:
    """The axes that a tuple of the family sets, by key, with their options."""
    return {axis.key: axis for axis in family.axes.prefetch_related("options")}


def full_tuple(
    family: Family, axes: Mapping[str, Axis], selection: Mapping[str, object]
) -> list[tuple[Axis, Option]]:
    """One option for every axis of a family, and for nothing else.

    Raises UnknownAxis, UnknownOption, IncompleteTuple or ToggleOptions.
    """
    for key in selection:
        if key not in axes:
            raise UnknownAxis(key, family=family.key, known=list(axes), field="tuple")
    if unset := [key for key in axes if selection.get(key) in (None, "")]:
        raise IncompleteTuple(
            f"A tuple sets every axis; this one has no value for {', '.join(unset)}.",
            loc=("tuple", unset[0]),
            errors=[InputProblem(("tuple", key), "needs a value", "incomplete_tuple") for key in unset],
        )
    return [(axis, option_of(axis, selection[key])) for key, axis in axes.items()]


def option_of(axis: Axis, value: object) -> Option:
    """The option with that value. Raises UnknownOption or ToggleOptions."""
    options = {option.value: option for option in axis.options.all()}
    if not isinstance(value, str) or value not in options:
        raise UnknownOption(value, axis=axis.key, known=list(options), field="tuple")
    if axis.control == Axis.Control.TOGGLE and len(options) != 2:
        raise ToggleOptions(
            f"The toggle “{axis.key}” has {len(options)} options; give it exactly two before using it.",
            loc=("tuple", axis.key),
        )
    return options[value]


def _give_tuple(member: Member, picks: list[tuple[Axis, Option]]) -> None:
    """Write a member's tuple, both as its selection and as its rows."""
    selection = {axis.key: option.value for axis, option in picks}
    others = Member.objects.filter(family=member.family, selection=selection).exclude(pk=member.pk)
    if other := others.select_related("workflow").first():
        raise DuplicateTuple(
            f"The workflow “{other.workflow.key}” already answers to {spelled(selection)}; "
            "no two members share a tuple.",
            loc=("tuple",),
            extra={"workflow": other.workflow.key},
        )
    member.selection = selection
    member.save()
    member.options.all().delete()
    MemberOption.objects.bulk_create(
        MemberOption(family=member.family, member=member, axis=axis, option=option) for axis, option in picks
    )
