"""`generate`: pictures from a prompt, own or written, from an image, inside a mask, under ControlNets."""

from typing import Any
from uuid import UUID

from django.conf import settings

from families.contract import Contract, parse_contract
from families.models import Workflow
from gpu.requests import DEFAULT_STRENGTH, PipelineMode

from .authored import refiner_of
from .concepts import character_keys, concepts_of, words_of
from .drawing import check_drawing, drawing_fields, id_of, picture_of, refuse
from .errors import LanguageModelUnavailable, one
from .inputs import ControlImage, TextToImageInputs, contract_values, parse_inputs
from .models import Generation, Prediction
from .models.concept import Concept
from .params import (
    ControlParams,
    EncodingParams,
    GenerationParams,
    PromptParams,
    RefinerParams,
    Weights,
    Words,
)
from .records import create_generation
from .signatures import TaskSignature, chain_signatures
from .strategy import Ask


class TextToImage:
    """The base strategy: a `generation` task per prediction; a `prompt` task before it may write its text."""

    name = "generate"
    task_types = ("generation", "prompt")
    inputs = TextToImageInputs

    def validate(self, ask: Ask) -> dict[str, Any]:
        contract = parse_contract(ask.workflow.contract)
        picked, rest = split(contract, contract_values(contract, ask))
        inputs = parse_inputs(TextToImageInputs, rest)
        controlnets, controls = len(ask.workflow.controlnets), len(inputs.control_images)
        if controls != controlnets:
            refuse(f"takes {controlnets} control image(s), {controls} given", "control_images")
        check_drawing(ask, inputs, self.concepts(ask, picked))
        _check_refiner(ask.workflow, inputs)
        if inputs.generate_prompt and not settings.LANGUAGE_MODEL:
            raise LanguageModelUnavailable(
                "There is no language model here to write the prompt; write it yourself, or use a template.",
                errors=one(("inputs", "generate_prompt"), "no language model is set up", "unavailable"),
            )
        return {**self._stored(ask, inputs).model_dump(mode="json", exclude_none=True), **picked}

    def concepts(self, ask: Ask, picked: dict[str, str]) -> list[Concept]:
        """Whom and what the client picked. Raises: InvalidInputs."""
        return concepts_of(ask.owner, picked)

    def _stored(self, ask: Ask, inputs: TextToImageInputs) -> TextToImageInputs:
        """The inputs with every image stored as the owner's asset."""

        def stored(reference: str | None, *loc: str | int) -> str | None:
            return reference and str(picture_of(ask.owner, reference, *loc).id)

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
        picked, rest = split(parse_contract(generation.workflow.contract), generation.inputs)
        inputs, concepts = TextToImageInputs.model_validate(rest), concepts_of(generation.owner, picked)
        return chain_signatures(
            generation,
            predictions,
            lambda prediction: [
                *self._prompts(generation, inputs, concepts),
                self._params(generation, inputs, concepts, prediction.seed),
            ],
        )

    def _prompts(
        self, generation: Generation, inputs: TextToImageInputs, concepts: list[Concept]
    ) -> list[PromptParams]:
        """The step that writes the prompt, if one does."""
        if not inputs.writes_prompt:
            return []
        return [
            PromptParams(
                template=inputs.prompt_template,
                words=Words(prompt=inputs.prompt, **words_of(concepts)),
                triggers=tuple(concept.trigger_word for concept in concepts if concept.trigger_word),
                prefix=generation.workflow.prompt_prefix,
            )
        ]

    def _params(
        self, generation: Generation, inputs: TextToImageInputs, concepts: list[Concept], seed: int
    ) -> GenerationParams:
        width, height = inputs.size
        return GenerationParams(
            **drawing_fields(generation, inputs, seed, concepts),
            prompt_of_step_before=inputs.writes_prompt,
            width=width,
            height=height,
            image=id_of(inputs.image),
            mask=id_of(inputs.mask),
            strength=inputs.strength,
            controls=_controls(generation.workflow.controlnets, inputs.control_images),
            refiner=_refiner(generation.workflow),
            encoding=_encoding(inputs),
        )


def split(contract: Contract, values: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The inputs that pick concepts, which an author may call what they like, and the others."""
    keys = character_keys(contract)
    picked = {key: values[key] for key in keys if key in values}
    return picked, {key: value for key, value in values.items() if key not in keys}


def _check_refiner(workflow: Workflow, inputs: TextToImageInputs) -> None:
    """A refiner goes on from what the checkpoint began: it must begin something. Raises: InvalidInputs."""
    if not (workflow.refiner and inputs.image):
        return
    if workflow.controlnets:
        refuse("takes no image, because it has a refiner and ControlNets", "image", "unsupported")
    mode = PipelineMode.INPAINT if inputs.mask else PipelineMode.IMAGE_TO_IMAGE
    strength = DEFAULT_STRENGTH[mode] if inputs.strength is None else inputs.strength
    if strength + workflow.refiner_start <= 1:
        least = f"{1 - workflow.refiner_start:g}"
        refuse(f"takes a strength above {least}, where its refiner begins", "strength", "too_small")


def _refiner(workflow: Workflow) -> RefinerParams | None:
    model = refiner_of(workflow)
    return RefinerParams(model=model, start=workflow.refiner_start) if model else None


def _encoding(inputs: TextToImageInputs) -> EncodingParams:
    asked = {name: getattr(inputs, f"output_{name}") for name in EncodingParams.model_fields}
    return EncodingParams(**{name: value for name, value in asked.items() if value is not None})


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
