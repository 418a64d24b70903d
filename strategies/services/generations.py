"""Accepting, repeating and forgetting generations: the writes behind `/v1/generations`."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import ProtectedError, Q
from django.utils import timezone

from families.catalogue import resolve
from families.kept_workflows import workflow_by_key
from families.models import Family, Workflow
from families.models.workflow import Rating, State

from .. import lifecycle
from ..errors import (
    AgeVerificationRequired,
    AssetInUse,
    RequestError,
    StillRunning,
    UnknownStrategy,
    UnknownWorkflow,
    WorkflowUnavailable,
    one,
)
from ..fetch import fetched_together
from ..generation_types import GENERATION_TYPES, AgenticRules
from ..models import TERMINAL, Asset, Generation, Prediction
from ..models.concept import named
from ..models.generation import Priority
from ..params import TaskParams, parse
from ..places import Place, promised_places
from ..records import copy_records, create_generation
from ..registry import get_strategy
from ..signatures import chain_signatures
from ..strategy import Ask
from ..webhooks.addresses import checked_url

SEEDS = 2**32  # a seed the client did not choose stays short enough to read aloud


@dataclass(frozen=True, slots=True)
class GenerationAsk:
    """What a client sends: one of `family` (with `selection`), `workflow` or `strategy`, and the rest."""

    inputs: dict[str, Any]
    family: str | None = None
    selection: dict[str, str] = field(default_factory=dict)
    workflow: str | None = None
    strategy: str | None = None
    num_predictions: int = 1
    seed: int | None = None
    type: Generation.Type = Generation.Type.BASE
    agentic: AgenticRules = field(default_factory=AgenticRules)
    priority: Priority = Priority.NORMAL
    not_before: datetime | None = None
    deadline_seconds: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    webhook: str | None = None
    webhook_events_filter: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that can be served: resolved and checked, its pictures stored."""

    ask: Ask
    inputs: dict[str, Any]
    rules: AgenticRules


@dataclass(frozen=True, slots=True)
class Accepted:
    """A generation as it was written, with its parts, and the places of these."""

    generation: Generation
    places: dict[UUID, Place]


def generation_create(*, owner: AbstractBaseUser, ask: GenerationAsk) -> Generation:
    """Both halves at once. Raises: families.errors.CatalogueError, strategies.errors.RequestError."""
    return generation_start(generation_prepare(owner=owner, ask=ask)).generation


@fetched_together()
def generation_prepare(
    *, owner: AbstractBaseUser, ask: GenerationAsk, request_id: str = "", strategy: str | None = None
) -> Prepared:
    """Resolve and check. This may fetch pictures from slow servers, so it belongs in no transaction.

    `strategy` is the one that the workflow must have, if the client came for one.
    Raises: families.errors.CatalogueError, strategies.errors.RequestError.
    """
    workflow, family, selection, inputs = _settle(ask)
    if strategy and workflow.strategy != strategy:
        raise RequestError(
            f"The workflow {workflow.key!r} runs the strategy {workflow.strategy!r}, not {strategy!r}.",
            errors=one(("workflow",), f"a workflow of the strategy {strategy!r}", "other_strategy"),
        )
    settled = Ask(
        owner=owner,
        workflow=workflow,
        family=family,
        selection=selection,
        inputs=inputs,
        seed=secrets.randbelow(SEEDS) if ask.seed is None else ask.seed,
        num_predictions=ask.num_predictions,
        type=ask.type,
        priority=ask.priority,
        not_before=ask.not_before,
        deadline=deadline_in(ask.deadline_seconds),
        metadata=ask.metadata,
        webhook=checked_url(ask.webhook, loc=("webhook",)) if ask.webhook else "",
        webhook_events_filter=ask.webhook_events_filter,
        request_id=request_id,
    )
    if workflow.state != State.PUBLISHED:
        raise WorkflowUnavailable(f"The workflow {workflow.key!r} is {workflow.state}.")
    require_age(owner, workflow)
    inputs = get_strategy(workflow.strategy).validate(settled)
    return Prepared(settled, inputs, ask.agentic)


def generation_start(prepared: Prepared) -> Accepted:
    """Write every row in one transaction and wake workers on commit. Raises: RequestError."""
    ask = prepared.ask
    strategy = get_strategy(ask.workflow.strategy)
    with transaction.atomic():
        generation, predictions = strategy.create(ask, prepared.inputs)
        signatures = strategy.signatures(generation, predictions)
        planned = GENERATION_TYPES[ask.type].planned(generation, signatures, prepared.rules)
        lifecycle.start(generation, predictions, planned)
        return Accepted(generation, promised_places(each.row for each in planned))


def generation_replay(prediction: Prediction, *, request_id: str = "") -> Accepted:
    """Do the work of one prediction that is over again, as a new generation: what its tasks say, to the
    letter, whatever has become of its workflow since.

    Raises: StillRunning, AgeVerificationRequired.
    """
    if prediction.status not in TERMINAL:
        raise StillRunning("The prediction is still running; cancel it or wait for its end.")
    first = prediction.generation
    require_age(first.owner, first.workflow)
    ask = Ask(
        owner=first.owner, workflow=first.workflow, family=first.family, selection=first.selection,
        inputs=first.inputs, seed=prediction.seed, priority=Priority(first.priority),
        metadata={**first.metadata, "replay_of": str(prediction.id)}, request_id=request_id,
    )  # fmt: skip
    with transaction.atomic():
        generation, predictions = create_generation(
            ask, strategy=first.strategy, inputs=first.inputs, version=first.workflow_version
        )
        copy_records(prediction, predictions[0])
        again = chain_signatures(generation, predictions, lambda _: _chain_again(prediction, generation))
        lifecycle.start(generation, predictions, again)
        return Accepted(generation, promised_places(each.row for each in again))


def _chain_again(old: Prediction, generation: Generation) -> Iterator[TaskParams]:
    """What the tasks that made the old prediction were told, for the new generation."""
    for task in GENERATION_TYPES[old.generation.type].made_by(old):
        params = parse(task.params)
        yield params.model_copy(
            update={"provenance": {**params.provenance, "generation": str(generation.id)}}
        )


def generation_delete(generation: Generation) -> None:
    """Forget a generation that is over, its rows and its pictures.

    Raises: StillRunning, or AssetInUse while one of its pictures shows a subject, product or style.
    """
    with transaction.atomic():
        locked = Generation.objects.select_for_update().get(id=generation.id)
        if locked.status not in TERMINAL:
            raise StillRunning("The generation is still running; cancel it first.")
        made = Q(task__generation=locked) | Q(prediction__generation=locked)
        assets = Asset.objects.select_for_update(of=("self",)).filter(made)
        files = [asset.file for asset in assets]
        try:
            locked.delete()
        except ProtectedError as error:
            users = ", ".join(named(error.protected_objects))
            raise AssetInUse(
                f"A picture of this generation is used by {users}; give them another picture or none first.",
                errors=one(("picture",), f"used by {users}", "asset_in_use"),
            ) from error
        for file in files:
            transaction.on_commit(partial(file.delete, save=False), robust=True)


def require_age(owner: AbstractBaseUser, workflow: Workflow) -> None:
    """Raises: AgeVerificationRequired for an adult workflow unless the account is age-verified."""
    if workflow.rating == Rating.ADULT and not getattr(owner, "age_verified_at", None):
        raise AgeVerificationRequired(
            "This workflow is for adults; an administrator can mark the account as age-verified."
        )


def _settle(ask: GenerationAsk) -> tuple[Workflow, Family | None, dict[str, str], dict[str, Any]]:
    """The workflow that a request means, with the family and its selection, and the inputs to check."""
    named = [name for name in ("family", "workflow", "strategy") if getattr(ask, name)]
    if len(named) != 1:
        raise RequestError(
            "Name exactly one of family, workflow or strategy.",
            errors=one(("family",), "exactly one of family, workflow, strategy", "exactly_one"),
        )
    if ask.family:
        resolved = resolve(ask.family, ask.selection)
        return resolved.workflow, resolved.family, resolved.selection, resolved.with_picks(ask.inputs)
    if ask.selection:
        raise RequestError(
            "A selection needs a family.", errors=one(("selection",), "only with family", "without_family")
        )
    workflow = _by_key(ask.workflow) if ask.workflow else _by_strategy(ask.strategy or "")
    return workflow, None, {}, ask.inputs


def _by_key(key: str) -> Workflow:
    workflow = workflow_by_key(key)
    if workflow is None:
        raise UnknownWorkflow(f"There is no workflow {key!r}.", errors=one(("workflow",), "unknown workflow"))
    return workflow


def _by_strategy(name: str) -> Workflow:
    get_strategy(name)
    workflow = Workflow.objects.filter(strategy=name, is_default_for_strategy=True).first()
    if workflow is None:
        raise UnknownStrategy(
            f"The strategy {name!r} has no default workflow; name a workflow or a family.",
            errors=one(("strategy",), "no default workflow"),
        )
    return workflow


def deadline_in(seconds: float | None) -> datetime | None:
    """The moment so many seconds from now; None without a deadline."""
    return None if seconds is None else timezone.now() + timedelta(seconds=seconds)
