"""Training a subject: the write behind `/v1/subjects/{id}/train`."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from families.contract import parse_contract
from families.models import Workflow
from families.models.workflow import State

from .. import lifecycle
from ..assets import asset_from_reference
from ..authored import checkpoint_of
from ..errors import InvalidInputs, UnknownWorkflow, one
from ..fetch import fetched_together
from ..models import Subject, Task
from ..params import TrainingParams
from ..signatures import TaskSignature, lone_signature
from .generations import SEEDS, require_age

STRATEGY = "generate"  # whose default workflow lends its checkpoint, unless the client names a workflow
SAMPLING = ("num_inference_steps", "guidance_scale")


@dataclass(frozen=True, slots=True)
class TrainingAsk:
    """What a client sends. `images` are asset ids, https URLs or data URIs."""

    images: list[str]
    num_train_steps: int
    rank: int
    learning_rate: float
    seed: int | None = None
    workflow: str | None = None
    validation_prompts: tuple[str, ...] = ()
    not_before: datetime | None = None


@fetched_together()
def training_prepare(subject: Subject, ask: TrainingAsk, *, request_id: str = "") -> TaskSignature:
    """Check, and store the pictures. This may fetch them from slow servers, so it belongs in no transaction.

    Raises: InvalidInputs for a subject without a trigger word, InvalidImage naming the picture,
    UnknownWorkflow, AgeVerificationRequired.
    """
    if not subject.trigger_word:
        raise InvalidInputs(
            "Give the subject a trigger_word first: the training teaches what that word means.",
            errors=one(("trigger_word",), "needed for a training", "missing"),
        )
    workflow = _workflow(ask.workflow)
    require_age(subject.owner, workflow)
    images = [
        asset_from_reference(subject.owner, reference, loc=("images", position)).id
        for position, reference in enumerate(ask.images)
    ]
    prompt = f"a {subject.trigger_word}"
    params = TrainingParams(
        checkpoint=checkpoint_of(workflow),
        subject=subject.pk,
        images=tuple(images),
        prompt=prompt,
        num_train_steps=ask.num_train_steps,
        rank=ask.rank,
        learning_rate=ask.learning_rate,
        seed=secrets.randbelow(SEEDS) if ask.seed is None else ask.seed,
        validation_prompts=ask.validation_prompts or (prompt,),
        provenance={"subject": str(subject.pk), "workflow": workflow.key, "version": workflow.version},
        **_sampling(workflow),
    )
    return lone_signature(subject.owner_id, params, not_before=ask.not_before, request_id=request_id)


def training_start(prepared: TaskSignature) -> Task:
    """Write the task and wake a worker on commit."""
    with transaction.atomic():
        return lifecycle.start_alone(prepared)


def _workflow(key: str | None) -> Workflow:
    """The workflow whose checkpoint is to know the subject."""
    open_ones = Workflow.objects.filter(state=State.PUBLISHED, generator="local_sdxl").exclude(checkpoint="")
    wanted = {"key": key} if key else {"strategy": STRATEGY, "is_default_for_strategy": True}
    workflow = open_ones.filter(**wanted).first()
    if workflow is None:
        raise UnknownWorkflow(
            "There is no such published workflow with a checkpoint to train on; name another one.",
            errors=one(("workflow",), "no workflow with a checkpoint", "unknown_workflow"),
        )
    return workflow


def _sampling(workflow: Workflow) -> dict[str, Any]:
    """How the workflow draws by default: that is how its validation pictures are drawn."""
    specs = parse_contract(workflow.contract).inputs
    return {spec.key: spec.default for spec in specs if spec.key in SAMPLING and spec.default is not None}
