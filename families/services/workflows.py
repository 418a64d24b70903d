"""Workflows and their life: draft, published, archived."""

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import ProtectedError

from ..contract import parse_contract
from ..errors import StaleVersion, UnknownWorkflow, UnusableRecipe, WorkflowInUse, WorkflowUnavailable
from ..history import changes_since, row_history
from ..models import Family, Workflow
from ..recipe import check_recipe
from ..recipe_checks import recipe_problems
from ..resolution import workflow_reasons
from .authoring import refuse_adult_default
from .storing import change, refuse_rename, store


class WorkflowFields(TypedDict, total=False):
    display_name: str
    description: str
    strategy: str
    generator: str
    checkpoint: str
    checkpoint_revision: str
    vae: str
    vae_revision: str
    refiner: str
    refiner_revision: str
    refiner_start: float
    loras: list[dict[str, Any]]
    controlnets: list[dict[str, Any]]
    scheduler: str
    prompt_prefix: str
    contract: dict[str, Any]
    rating: str
    price: Decimal


class WorkflowChanges(WorkflowFields, total=False):
    key: str


def workflow_create(*, key: str, **fields: Unpack[WorkflowFields]) -> Workflow:
    """Write a draft. Raises DuplicateKey, InvalidFields, InvalidContract or InvalidRecipe."""
    workflow = Workflow(key=key)
    _change(workflow, fields)
    return workflow


def workflow_copy(
    *,
    workflow: Workflow,
    key: str,
    inputs: Mapping[str, Mapping[str, Any]],
    **changes: Unpack[WorkflowFields],
) -> Workflow:
    """A draft with everything of `workflow` but what `changes` say.

    `inputs` changes properties of the contract's inputs, by key; one that the contract lacks is passed over.
    Raises as `workflow_create`.
    """
    fields = {name: getattr(workflow, name) for name in WorkflowFields.__annotations__}
    contract = deepcopy(workflow.contract)
    for each in contract.get("inputs", []):
        each.update(inputs.get(each["key"], {}))
    return workflow_create(key=key, **{**fields, "contract": contract, **changes})


def workflow_update(
    *, workflow: Workflow, expected_version: int | None = None, **changes: Unpack[WorkflowChanges]
) -> Workflow:
    """Change a workflow; one that is published gets a new version, so that provenance stays true.

    Its key stays, because clients spell it. Raises NameFixed, InvalidFields, InvalidContract, InvalidRecipe,
    or AdultDefault if the new rating would make the default selection of a family an adult one.
    """
    with transaction.atomic():
        workflow = _locked(workflow, expected_version)
        # One strategy has one default; a workflow that moves to another strategy does not take its place.
        if changes.get("strategy", workflow.strategy) != workflow.strategy:
            workflow.is_default_for_strategy = False
        if workflow.state == Workflow.State.PUBLISHED:
            workflow.version += 1
        _change(workflow, changes)
        _refuse_adult_defaults(workflow)
    return workflow


def workflow_publish(*, workflow: Workflow, expected_version: int | None = None) -> Workflow:
    """Open a draft or an archived workflow for requests, under a new version.

    Publishing what is published changes nothing. Raises InvalidContract, InvalidRecipe or InvalidFields.
    """
    with transaction.atomic():
        workflow = _locked(workflow, expected_version)
        if workflow.state != Workflow.State.PUBLISHED:
            workflow.state = Workflow.State.PUBLISHED
            workflow.version += 1
            _change(workflow, {})
    return workflow


def workflow_archive(*, workflow: Workflow, expected_version: int | None = None) -> Workflow:
    """Close a workflow for requests; its members stay and are unavailable."""
    with transaction.atomic():
        workflow = _locked(workflow, expected_version)
        workflow.state = Workflow.State.ARCHIVED
        workflow.revision += 1
        store(workflow, name="key")
    return workflow


def workflow_make_default(*, workflow: Workflow, expected_version: int | None = None) -> Workflow:
    """Let requests that name only the strategy run this workflow. Raises WorkflowUnavailable."""
    with transaction.atomic():
        same_strategy = Workflow.objects.select_for_update(no_key=True).filter(strategy=workflow.strategy)
        list(same_strategy)  # takes the locks, in the order of the keys
        workflow = _locked(workflow, expected_version)
        if reasons := workflow_reasons(workflow):
            raise WorkflowUnavailable(
                f"The workflow “{workflow.key}” {' and '.join(reasons)}; it cannot be a default.",
                loc=("is_default_for_strategy",),
                extra={"reasons": reasons},
            )
        for former in same_strategy.filter(is_default_for_strategy=True).exclude(pk=workflow.pk):
            # One by one, for the history.
            change(former, {"is_default_for_strategy": False, "revision": former.revision + 1}, name="key")
        changes = {"is_default_for_strategy": True, "revision": workflow.revision + 1}
        change(workflow, changes, name="key")
    return workflow


def workflow_delete(*, workflow: Workflow, expected_version: int | None = None) -> None:
    """Delete a workflow that no family holds and no generation has used. Raises WorkflowInUse."""
    families = list(Family.objects.filter(members__workflow=workflow).values_list("key", flat=True))
    try:
        with transaction.atomic():
            _locked(workflow, expected_version)
            Workflow.objects.filter(pk=workflow.pk).delete()
    except ProtectedError as error:
        holders = f"the families {', '.join(families)}" if families else "past generations"
        raise WorkflowInUse(
            f"The workflow “{workflow.key}” is used by {holders}; archive it instead.",
            loc=("workflow",),
            extra={"families": families},
        ) from error


def _locked(workflow: Workflow, expected_version: int | None) -> Workflow:
    """The stored row, at the revision that is expected. Raises UnknownWorkflow or StaleVersion."""
    locked = Workflow.objects.select_for_update(no_key=True).filter(pk=workflow.pk).first()
    if locked is None:
        raise UnknownWorkflow(f"There is no workflow “{workflow.key}” any more.", loc=("workflow",))
    if expected_version not in (None, locked.revision):
        records = locked.history.filter(revision=expected_version)
        changes = changes_since(records, row_history(locked))
        raise StaleVersion(
            f"workflow “{locked.key}”", expected_version, current=locked.revision, changes=changes
        )
    return locked


def _change(workflow: Workflow, changes: WorkflowChanges) -> None:
    if unknown := set(changes) - set(WorkflowChanges.__annotations__):
        raise TypeError(f"not a field to author: {', '.join(sorted(unknown))}")
    refuse_rename(workflow, changes, name="key")
    for field, value in changes.items():
        setattr(workflow, field, value)
    if not workflow._state.adding:
        workflow.revision += 1
    parse_contract(workflow.contract)
    check_recipe("loras", workflow.loras)
    check_recipe("controlnets", workflow.controlnets)
    store(workflow, name="key")
    if workflow.state == Workflow.State.PUBLISHED and (problems := recipe_problems(workflow)):
        raise UnusableRecipe(workflow.key, problems)


def _refuse_adult_defaults(workflow: Workflow) -> None:
    """Checked under the lock of each family, so that no author moves a default meanwhile."""
    families = Family.objects.select_for_update(no_key=True, of=("self",))
    for family in families.filter(members__workflow=workflow).order_by("pk"):
        refuse_adult_default(family, loc=("rating",))
