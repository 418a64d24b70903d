"""`generate`: pictures from a prompt, or from an image, inside a mask, under ControlNets, with LoRAs."""

from typing import Any
from uuid import UUID

from django.conf import settings

from families.contract import Contract, parse_contract
from families.models import Workflow
from gpu.requests import MAX_ADAPTERS, MAX_PROMPT

from .assets import asset_from_reference, lora_of_owner
from .concepts import character_keys, concepts_of, with_triggers
from .errors import InvalidInputs, one
from .inputs import ControlImage, LoraInput, TextToImageInputs, parse_inputs
from .models import Generation, Prediction
from .models.concept import Concept
from .params import ControlParams, GenerationParams, LoraParams, Weights
from .records import create_generation
from .signatures import TaskSignature, task_signature
from .strategy import Ask


class TextToImage:
    """The base strategy: one `generation` task per prediction."""

    name = "generate"
    task_types = ("generation",)
    inputs = TextToImageInputs

    def validate(self, ask: Ask) -> dict[str, Any]:
        contract = parse_contract(ask.workflow.contract)
        values = contract.validate_inputs(ask.inputs)
        given = {key: value for key, value in values.items() if value is not None}
        picked, rest = _split(contract, given)
        inputs = parse_inputs(TextToImageInputs, rest)
        concepts = concepts_of(ask.owner, picked)
        self._fits_recipe(ask.workflow, inputs, concepts)
        return {**self._stored(ask, inputs).model_dump(mode="json", exclude_none=True), **picked}

    def _fits_recipe(self, workflow: Workflow, inputs: TextToImageInputs, concepts: list[Concept]) -> None:
        """What the inputs and the author's recipe may be together."""
        controlnets = len(workflow.controlnets)
        loras = len(workflow.loras) + len(_spoken(concepts)) + len(inputs.loras)
        added = with_triggers(inputs.prompt, concepts).removesuffix(inputs.prompt)
        limit = MAX_PROMPT - len(workflow.prompt_prefix + added)
        if len(inputs.control_images) != controlnets:
            given = len(inputs.control_images)
            what, field = f"takes {controlnets} control image(s), {given} given", "control_images"
        elif loras > MAX_ADAPTERS:
            what, field = (
                f"takes {MAX_ADAPTERS} LoRAs with its own and those of what you pick, not {loras}",
                "loras",
            )
        elif len(inputs.prompt) > limit:
            what, field = f"takes a prompt of {limit} characters", "prompt"
        else:
            return
        raise InvalidInputs(
            f"This workflow {what}.", errors=one(("inputs", field), f"this workflow {what}", "wrong_count")
        )

    def _stored(self, ask: Ask, inputs: TextToImageInputs) -> TextToImageInputs:
        """The inputs with every image stored as the owner's asset and every LoRA known to be theirs."""

        def stored(reference: str | None, *loc: str | int) -> str | None:
            return reference and str(asset_from_reference(ask.owner, reference, loc=("inputs", *loc)).id)

        for position, item in enumerate(inputs.loras):
            lora_of_owner(ask.owner, item.lora, loc=("inputs", "loras", position, "lora"))
        return inputs.model_copy(
            update={
                "image": stored(inputs.image, "image"),
                "mask": stored(inputs.mask, "mask"),
                "control_images": tuple(
                    item.model_copy(update={"image": stored(item.image, "control_images", position, "image")})
                    for position, item in enumerate(inputs.control_images)
                ),
            }
        )

    def create(self, ask: Ask, inputs: dict[str, Any]) -> tuple[Generation, list[Prediction]]:
        return create_generation(ask, strategy=self.name, inputs=inputs)

    def signatures(self, generation: Generation, predictions: list[Prediction]) -> list[TaskSignature]:
        picked, rest = _split(parse_contract(generation.workflow.contract), generation.inputs)
        inputs, concepts = TextToImageInputs.model_validate(rest), concepts_of(generation.owner, picked)
        return [
            task_signature(
                generation, prediction, self._params(generation, inputs, concepts, prediction.seed),
                max_attempts=settings.MAX_ATTEMPTS,
            )
            for prediction in predictions
        ]  # fmt: skip

    def _params(
        self, generation: Generation, inputs: TextToImageInputs, concepts: list[Concept], seed: int
    ) -> GenerationParams:
        workflow, (width, height) = generation.workflow, inputs.size
        return GenerationParams(
            generator=workflow.generator,
            checkpoint=_weights(workflow.checkpoint, workflow.checkpoint_revision),
            prompt=workflow.prompt_prefix + with_triggers(inputs.prompt, concepts),
            negative_prompt=inputs.negative_prompt,
            seed=seed,
            width=width,
            height=height,
            num_inference_steps=inputs.num_inference_steps,
            guidance_scale=inputs.guidance_scale,
            scheduler=inputs.scheduler or workflow.scheduler or None,
            image=_id(inputs.image),
            mask=_id(inputs.mask),
            strength=inputs.strength,
            controls=_controls(workflow.controlnets, inputs.control_images),
            loras=_loras(workflow.loras, concepts, inputs.loras),
            provenance={
                "generation": str(generation.id), "workflow": workflow.key, "version": workflow.version,
            },
        )  # fmt: skip


def _id(reference: str | None) -> UUID | None:
    return UUID(reference) if reference else None


def _weights(location: str, revision: str) -> Weights | None:
    return Weights(location=location, revision=revision or None) if location else None


def _controls(authored: list[dict[str, Any]], given: tuple[ControlImage, ...]) -> tuple[ControlParams, ...]:
    """Each of the workflow's ControlNets with its image; a client's scale goes before the author's."""
    return tuple(
        ControlParams(
            model=Weights(location=net["model"], revision=net.get("revision")),
            image=UUID(item.image),
            preprocessor=net.get("preprocessor"),
            scale=net.get("scale", 1.0) if item.scale is None else item.scale,
            start=item.start,
            end=item.end,
        )
        for net, item in zip(authored, given, strict=True)
    )


def _split(contract: Contract, values: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The inputs that pick concepts, which an author may call what they like, and the others."""
    keys = character_keys(contract)
    picked = {key: values[key] for key in keys if key in values}
    return picked, {key: value for key, value in values.items() if key not in keys}


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
