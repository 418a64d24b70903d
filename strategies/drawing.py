"""What every strategy that draws has in common: from author's models and client's words to parameters."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from gpu.requests import MAX_ADAPTERS, MAX_PROMPT

from .assets import asset_from_reference, lora_of_owner
from .authored import checkpoint_of, vae_of
from .concepts import with_triggers
from .errors import InvalidInputs, one
from .inputs import DrawingInputs, LoraInput
from .models import Asset, Generation
from .models.concept import Concept
from .params import LoraParams
from .strategy import Ask


def check_drawing(ask: Ask, inputs: DrawingInputs, concepts: Iterable[Concept] = ()) -> None:
    """What the inputs and the author's recipe may be together. Raises: InvalidInputs."""
    concepts = list(concepts)
    loras = len(ask.workflow.loras) + len(_spoken(concepts)) + len(inputs.loras)
    added = with_triggers(inputs.prompt, concepts).removesuffix(inputs.prompt)
    limit = MAX_PROMPT - len(ask.workflow.prompt_prefix + added)
    if loras > MAX_ADAPTERS:
        refuse(f"takes {MAX_ADAPTERS} LoRAs with its own and those of what you pick, not {loras}", "loras")
    if len(inputs.prompt) > limit:
        refuse(f"takes a prompt of {limit} characters", "prompt")
    for position, item in enumerate(inputs.loras):
        lora_of_owner(ask.owner, item.lora, loc=("inputs", "loras", position, "lora"))


def refuse(what: str, field: str, code: str = "wrong_count") -> None:
    """Raises: InvalidInputs, always; `what` goes on after "this workflow"."""
    raise InvalidInputs(
        f"This workflow {what}.", errors=one(("inputs", field), f"this workflow {what}", code)
    )


def picture_of(owner: AbstractBaseUser, reference: str, *loc: str | int) -> Asset:
    """The stored picture that an input refers to. Raises: InvalidImage."""
    return asset_from_reference(owner, reference, loc=("inputs", *loc))


def drawing_fields(
    generation: Generation, inputs: DrawingInputs, seed: int, concepts: Iterable[Concept] = ()
) -> dict[str, Any]:
    """The fields of `DrawingParams`."""
    workflow, concepts = generation.workflow, list(concepts)
    return {
        "generator": workflow.generator,
        "checkpoint": checkpoint_of(workflow),
        "vae": vae_of(workflow),
        "prompt": workflow.prompt_prefix + with_triggers(inputs.prompt, concepts),
        "negative_prompt": inputs.negative_prompt,
        "seed": seed,
        "num_inference_steps": inputs.num_inference_steps,
        "guidance_scale": inputs.guidance_scale,
        "scheduler": inputs.scheduler or workflow.scheduler or None,
        "loras": _loras(workflow.loras, concepts, inputs.loras),
        "provenance": provenance_of(generation),
    }


def id_of(reference: str | None) -> UUID | None:
    """The id of a stored picture, as checked inputs hold it."""
    return UUID(reference) if reference else None


def provenance_of(generation: Generation) -> dict[str, Any]:
    """Where a picture comes from, for its record."""
    workflow = generation.workflow
    return {"generation": str(generation.id), "workflow": workflow.key, "version": workflow.version}


def _spoken(concepts: list[Concept]) -> list[Concept]:
    """The concepts that have a LoRA to speak with."""
    return [concept for concept in concepts if concept.lora_id]


def _loras(
    authored: list[dict[str, Any]], concepts: list[Concept], given: tuple[LoraInput, ...]
) -> tuple[LoraParams, ...]:
    """The author's LoRAs, then those of what the client picked, then the client's."""
    return (
        *(LoraParams(location=item["lora"], weight=item.get("weight", 1.0)) for item in authored),
        *(LoraParams(lora=concept.lora_id, weight=concept.weight) for concept in _spoken(concepts)),
        *(LoraParams(lora=item.lora, weight=item.weight) for item in given),
    )
