"""Pieces of one picture drawn again, one call each: memory does not grow with the picture."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from gpu.requests import InferenceRequest, PipelineMode, StepEvent
from strategies.params.refine import PieceParams

from .generators import get_generator
from .keys import pipeline_key
from .redrawing import stop_if
from .sources import adapter

OnStep = Callable[[StepEvent], None]
ShouldCancel = Callable[[], bool]
OVERVIEW = 256  # pixels on the longer side of a preview


class Pieces:
    """Draws `count` pieces of a picture and tells progress across all of them."""

    def __init__(
        self,
        params: PieceParams,
        picture: Image.Image,
        count: int,
        on_step: OnStep,
        should_cancel: ShouldCancel,
    ) -> None:
        self._params = params
        self._count = count
        self._on_step = on_step
        self._should_cancel = should_cancel
        self._drawn = 0
        self._overview = picture.convert("RGB")
        self._overview.thumbnail((OVERVIEW, OVERVIEW))
        self.timings: Counter[str] = Counter({"total_s": 0.0})
        self.provenance: dict[str, Any] = {}  # of the first piece

    def draw(self, piece: Image.Image, where: tuple[float, float, float, float]) -> Image.Image:
        """The piece drawn again, as a square of `tile_size`; `where` are its edges as shares of the picture.

        Every piece has noise of its own, which follows from the seed and the number of the piece.
        Raises: gpu.errors.GpuError, gpu.errors.Canceled.
        """
        stop_if(self._should_cancel)
        result = get_generator(self._params.generator).generate(
            self._request(piece), self._heard, self._should_cancel
        )
        image = result.images[0]
        self._drawn += 1
        self.timings.update(result.timings)
        self.provenance = self.provenance or result.provenance[0]
        self._show(image, where)
        return image

    def record(self, size: tuple[int, int], **about: Any) -> dict[str, Any]:
        """The record of the whole picture: what its pieces share, and what it was made for."""
        params = self._params
        shared = {
            **self.provenance,
            "seed": params.seed,
            "prompt": params.prompt,
            "width": size[0],
            "height": size[1],
        }
        return {**shared, "extra": {**params.provenance, **about}}

    def _request(self, piece: Image.Image) -> InferenceRequest:
        params = self._params
        return InferenceRequest(
            key=pipeline_key(params, PipelineMode.IMAGE_TO_IMAGE),
            prompts=(params.prompt,),
            negative_prompts=(params.negative_prompt,) if params.negative_prompt else (),
            seeds=(piece_seed(params.seed, self._drawn),),
            width=params.tile_size,
            height=params.tile_size,
            num_inference_steps=params.num_inference_steps,
            guidance_scale=params.guidance_scale,
            scheduler=params.scheduler,
            image=piece,
            strength=params.strength,
            adapters=tuple(adapter(lora) for lora in params.loras),
            provenance=params.provenance,
        )

    def _heard(self, event: StepEvent) -> None:
        step = self._drawn * event.steps + event.step
        steps = self._count * event.steps
        self._on_step(replace(event, step=step, steps=steps, preview=lambda: [self._overview]))

    def _show(self, image: Image.Image, where: tuple[float, float, float, float]) -> None:
        width, height = self._overview.size
        left, right = round(where[0] * width), round(where[2] * width)
        top, bottom = round(where[1] * height), round(where[3] * height)
        if right > left and bottom > top:
            self._overview.paste(image.convert("RGB").resize((right - left, bottom - top)), (left, top))


def piece_seed(seed: int, number: int) -> int:
    """The seed of a piece: unlike its neighbours', or the same noise would show in every tile."""
    state = np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))
