"""Catalogues small enough to read inside a test."""

from itertools import islice, product

from django.db import transaction

from families.models import Axis, Family, Member, MemberOption, Workflow
from families.services import (
    axis_add,
    family_create,
    member_assign,
    workflow_create,
    workflow_publish,
    workflow_update,
)
from families.services.axes import NewOption

NEEDED = {"width": 128, "height": 128, "num_inference_steps": 4, "guidance_scale": 3}


def spec(key: str, kind: str = "number", **more) -> dict:
    return {"key": key, "kind": kind, "label": key, **more}


def image_contract(*inputs: dict) -> dict:
    """What `generate` needs, with these inputs before, or in place of those of the same key."""
    prompt = spec("prompt", "text", label="Prompt", required=True, placement="prompt")
    needed = [prompt, *(spec(key, default=value) for key, value in NEEDED.items())]
    given = [each["key"] for each in inputs]
    kept = [each for each in needed if each["key"] not in given]
    return {"inputs": [*inputs, *kept], "outputs": [{"key": "image", "kind": "image"}]}


IMAGE_CONTRACT = image_contract()
NO_OUTPUTS = {**IMAGE_CONTRACT, "outputs": []}


def draft(key: str, **fields) -> Workflow:
    recipe = {"display_name": key.title(), "generator": "mock", "contract": IMAGE_CONTRACT}
    return workflow_create(key=key, **{**recipe, **fields})


def published(key: str, **fields) -> Workflow:
    return workflow_publish(workflow=draft(key, **fields))


def adult(key: str, **fields) -> Workflow:
    return published(key, rating=Workflow.Rating.ADULT, **fields)


def without_outputs(workflow: Workflow) -> Workflow:
    return workflow_update(workflow=workflow, contract=NO_OUTPUTS)


def family(key: str = "photo", **axes: str) -> Family:
    """A family with a drop-down per keyword: `family(model="likeness realism")`, the first the default."""
    created = family_create(key=key, display_name=key.title())
    for axis, values in axes.items():
        dropdown(created, axis, values)
    return created


def dropdown(of: Family, key: str, values: str, **fields) -> Axis:
    options = [NewOption(value) for value in values.split()]
    return axis_add(
        family=of, key=key, display_name=key.title(), control=Axis.Control.DROPDOWN, options=options, **fields
    )


def toggle(of: Family, key: str, values: str = "off on", **fields) -> Axis:
    options = [NewOption(value) for value in values.split()]
    return axis_add(
        family=of, key=key, display_name=key.title(), control=Axis.Control.TOGGLE, options=options, **fields
    )


def member(of: Family, workflow: Workflow | str, **selection: str) -> Member:
    if isinstance(workflow, str):
        workflow = published(workflow)
    return member_assign(family=of, workflow=workflow, selection=selection)


def large_family(key: str, *, axes: int, options: int, members: int) -> Family:
    """A family with members for the first tuples, all written at once: services would take their time."""
    values = " ".join(f"v{number}" for number in range(options))
    of = family(key, **{f"axis{number}": values for number in range(axes)})
    of_axis = {axis: {option.value: option for option in axis.options.all()} for axis in of.axes.all()}
    workflows = Workflow.objects.bulk_create(
        Workflow(key=f"{key}-{number}", state=Workflow.State.PUBLISHED, contract=IMAGE_CONTRACT)
        for number in range(members)
    )
    # Counting fastest on the first axis, so that each axis has all of its options in use early.
    tuples = islice(product(values.split(), repeat=axes), members)
    picks = [dict(zip(of_axis, reversed(each), strict=True)) for each in tuples]
    with transaction.atomic():
        added = Member.objects.bulk_create(
            Member(family=of, workflow=workflow, selection={axis.key: value for axis, value in pick.items()})
            for workflow, pick in zip(workflows, picks, strict=True)
        )
        MemberOption.objects.bulk_create(
            MemberOption(family=of, member=member, axis=axis, option=of_axis[axis][value])
            for member, pick in zip(added, picks, strict=True)
            for axis, value in pick.items()
        )
    return of
