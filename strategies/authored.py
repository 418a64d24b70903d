"""The models that the author of a workflow named."""

from families.models import Workflow

from .params import Weights


def checkpoint_of(workflow: Workflow) -> Weights | None:
    """What draws."""
    return _weights(workflow.checkpoint, workflow.checkpoint_revision)


def vae_of(workflow: Workflow) -> Weights | None:
    """What reads and writes pictures instead of the checkpoint's own."""
    return _weights(workflow.vae, workflow.vae_revision)


def refiner_of(workflow: Workflow) -> Weights | None:
    """The checkpoint that finishes what the first one begins."""
    return _weights(workflow.refiner, workflow.refiner_revision)


def controlnets_of(workflow: Workflow) -> list[Weights]:
    """What control images speak through, in their order."""
    return [Weights(location=net["model"], revision=net.get("revision")) for net in workflow.controlnets]


def _weights(location: str, revision: str) -> Weights | None:
    """As written in two fields, which may be empty."""
    return Weights(location=location, revision=revision or None) if location else None
