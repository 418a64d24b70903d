"""`refine`: a picture enlarged two or four times and drawn again in tiles, then its faces, if wanted."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from .drawing import drawing_fields, picture_of
from .errors import InvalidImage, one
from .images import MAX_SIDE
from .inputs import stored_inputs
from .models import Asset, Generation, Prediction, Refine
from .params import FaceFixParams, RefineParams, TaskParams
from .params.refine import MAX_REFINED_PIXELS
from .pieces import PieceInputs, checked_pieces
from .records import create_generation
from .signatures import TaskSignature, chain_signatures
from .strategy import Ask

STRENGTH, FACE_STRENGTH = 0.25, 0.35
OVERLAP_SHARE = 8  # tiles overlap by an eighth: with the pocket model a quarter was no smoother


class RefineInputs(PieceInputs):
    """`scale` times larger; without a prompt the picture speaks for itself."""

    scale: Literal[2, 4] = 2
    face_detail: bool = False
    strength: float = Field(default=STRENGTH, gt=0, le=1)
    face_strength: float = Field(default=FACE_STRENGTH, gt=0, le=1)

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        self.needs_a_step(self.strength)
        if self.face_detail:
            self.needs_a_step(self.face_strength)
        return self


class RefineStrategy:
    """One `refine` task per prediction; with face detail a `face_fix` follows."""

    name = "refine"
    task_types = ("refine", "face_fix")
    inputs = RefineInputs

    def validate(self, ask: Ask) -> dict[str, Any]:
        inputs = checked_pieces(RefineInputs, ask)
        base = picture_of(ask.owner, inputs.base_image, "base_image")
        _check_result(base, inputs.scale)
        return stored_inputs(inputs, base_image=base)

    def create(self, ask: Ask, inputs: dict[str, Any]) -> tuple[Generation, list[Prediction]]:
        """The generation, its predictions, and a Refine row for each."""
        generation, predictions = create_generation(ask, strategy=self.name, inputs=inputs)
        wanted = RefineInputs.model_validate(inputs)
        base = Asset.objects.get(id=wanted.base_image)
        Refine.objects.bulk_create(_record(generation, each, wanted, base) for each in predictions)
        return generation, predictions

    def signatures(self, generation: Generation, predictions: list[Prediction]) -> list[TaskSignature]:
        inputs = RefineInputs.model_validate(generation.inputs)
        return chain_signatures(
            generation, predictions, lambda prediction: _chain(generation, inputs, prediction.seed)
        )


def _check_result(base: Asset, scale: int) -> None:
    width, height = base.width * scale, base.height * scale
    if width * height > MAX_REFINED_PIXELS or max(width, height) > MAX_SIDE:
        raise InvalidImage(
            f"The picture would be {width}×{height}; at most {MAX_REFINED_PIXELS:,} pixels, {MAX_SIDE:,} on"
            " a side can be refined, so give a smaller base image or a smaller scale.",
            errors=one(("inputs", "base_image"), "too large for this scale", "too_large"),
        )


def _chain(generation: Generation, inputs: RefineInputs, seed: int) -> list[TaskParams]:
    fields = {**drawing_fields(generation, inputs, seed), "tile_size": inputs.tile_size}
    chain: list[TaskParams] = [
        RefineParams(
            **fields, base_image=inputs.base_image, scale=inputs.scale, strength=inputs.strength,
            overlap=_overlap(inputs),
        )
    ]  # fmt: skip
    if inputs.face_detail:
        chain.append(FaceFixParams(**fields, strength=inputs.face_strength))
    return chain


def _overlap(inputs: RefineInputs) -> int:
    return inputs.tile_size // OVERLAP_SHARE


def _record(generation: Generation, prediction: Prediction, inputs: RefineInputs, base: Asset) -> Refine:
    drawn = drawing_fields(generation, inputs, prediction.seed)
    return Refine(
        prediction=prediction,
        base_image=base,
        scale=inputs.scale,
        width=base.width * inputs.scale,
        height=base.height * inputs.scale,
        tile_size=inputs.tile_size,
        overlap=_overlap(inputs),
        prompt=drawn["prompt"],
        negative_prompt=inputs.negative_prompt,
        seed=prediction.seed,
        strength=inputs.strength,
        num_inference_steps=inputs.num_inference_steps,
        guidance_scale=inputs.guidance_scale,
        scheduler=drawn["scheduler"] or "",
        face_detail=inputs.face_detail,
        face_strength=inputs.face_strength if inputs.face_detail else None,
    )
