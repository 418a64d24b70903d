"""`generate`: pictures from a prompt, or from an image, inside a mask, under ControlNets, with LoRAs."""

from typing import Any
from uuid import UUID

from django.conf import settings

from families.contract import parse_contract
from families.models import Workflow
from gpu.requests import MAX_ADAPTERS, MAX_PROMPT

from .assets import asset_from_reference, lora_of_owner
from .errors import InvalidInputs, one
from .inputs import ControlImage, LoraInput, TextToImageInputs, parse_inputs
from .models import Generation, Prediction
from .params import ControlParams, GenerationParams, LoraParams, Weights
from .records import create_generation
from .signatures import TaskSignature, task_signature
from .strategy import Ask


class TextToImage:
    """The base strategy: one `generation` task per prediction."""

    name = "generate"
    task_types = ("generation",)

    def validate(self, ask: Ask) -> dict[str, Any]:
        values = parse_contract(ask.workflow.contract).validate_inputs(ask.inputs)
        inputs = parse_inputs(
            TextToImageInputs, {key: value for key, value in values.items() if value is not None}
        )
        self._fits_recipe(ask.workflow, inputs)
        return self._stored(ask, inputs).model_dump(mode="json", exclude_none=True)

    def _fits_recipe(self, workflow: Workflow, inputs: TextToImageInputs) -> None:
        """What the inputs and the author's recipe may be together."""
        controlnets, loras = len(workflow.controlnets), len(workflow.loras) + len(inputs.loras)
        limit = MAX_PROMPT - len(workflow.prompt_prefix)
        if len(inputs.control_images) != controlnets:
            given = len(inputs.control_images)
            what, field = f"takes {controlnets} control image(s), {given} given", "control_images"
        elif loras > MAX_ADAPTERS:
            what, field = f"takes {MAX_ADAPTERS - len(workflow.loras)} LoRA(s) beside its own", "loras"
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
        inputs = TextToImageInputs.model_validate(generation.inputs)
        return [
            task_signature(
                generation, prediction, self._params(generation, inputs, prediction.seed),
                max_attempts=settings.MAX_ATTEMPTS,
            )
            for prediction in predictions
        ]  # fmt: skip

    def _params(self, generation: Generation, inputs: TextToImageInputs, seed: int) -> GenerationParams:
        workflow = generation.workflow
        return GenerationParams(
            generator=workflow.generator,
            checkpoint=_weights(workflow.checkpoint, workflow.checkpoint_revision),
            prompt=workflow.prompt_prefix + inputs.prompt,
            negative_prompt=inputs.negative_prompt,
            seed=seed,
            width=inputs.width,
            height=inputs.height,
            num_inference_steps=inputs.num_inference_steps,
            guidance_scale=inputs.guidance_scale,
            scheduler=inputs.scheduler or workflow.scheduler or None,
            image=_id(inputs.image),
            mask=_id(inputs.mask),
            strength=inputs.strength,
            controls=_controls(workflow.controlnets, inputs.control_images),
            loras=_loras(workflow.loras, inputs.loras),
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


def _loras(authored: list[dict[str, Any]], given: tuple[LoraInput, ...]) -> tuple[LoraParams, ...]:
    """The author's LoRAs, then the client's."""
    return (
        *(LoraParams(location=item["lora"], weight=item.get("weight", 1.0)) for item in authored),
        *(LoraParams(lora=item.lora, weight=item.weight) for item in given),
    )
