"""Catalogues small enough to read inside a test."""

from families.models import Axis, Family, Member, Workflow
from families.services import (
    axis_add,
    family_create,
    member_assign,
    workflow_create,
    workflow_publish,
    workflow_update,
)
from families.services.axes import NewOption

IMAGE_CONTRACT = {
    "inputs": [{"key": "prompt", "kind": "text", "label": "Prompt", "required": True, "placement": "prompt"}],
    "outputs": [{"key": "image", "kind": "image"}],
}


def draft(key: str, **fields) -> Workflow:
    return workflow_create(key=key, **{"display_name": key.title(), "contract": IMAGE_CONTRACT, **fields})


def published(key: str, **fields) -> Workflow:
    return workflow_publish(workflow=draft(key, **fields))


def adult(key: str, **fields) -> Workflow:
    return published(key, rating=Workflow.Rating.ADULT, **fields)


def without_outputs(workflow: Workflow) -> Workflow:
    return workflow_update(workflow=workflow, contract={"inputs": [], "outputs": []})


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
