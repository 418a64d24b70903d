"""`refine`: a picture enlarged, its detail drawn by the model tile by tile."""

import time
from collections.abc import Callable
from typing import cast

from PIL import Image

from gpu.errors import InvalidRequest
from gpu.masks import plain
from gpu.requests import StepEvent
from gpu.tiles import Blend, Grid, Tile, enlarged, grid, toned
from strategies.models import Task
from strategies.params import RefineParams, parse
from strategies.params.refine import MAX_REFINED_PIXELS

from ..outputs import Made, made_picture
from ..pieces import Pieces
from ..sources import picture


class RefineProcessor:
    """Exactly `scale` times as large; the tones stay those of the base image, transparency is enlarged."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        params = cast(RefineParams, parse(task.params))
        began = time.monotonic()
        base = plain(picture(params.base_image))
        colours = base.convert("RGB")
        size = (base.width * params.scale, base.height * params.scale)
        if size[0] * size[1] > MAX_REFINED_PIXELS:
            raise InvalidRequest(
                f"{size[0]}x{size[1]} is too large; at most {MAX_REFINED_PIXELS:,} pixels can be refined."
            )
        layout = grid(*size, tile=params.tile_size, overlap=params.overlap)
        pieces = Pieces(params, base, len(layout), on_step, should_cancel)
        blend = Blend(layout)
        for tile in layout:
            original = enlarged(colours, params.scale, tile)
            drawn = pieces.draw(original, _shares(tile, layout))
            blend.add(tile, toned(drawn, original))
        image = blend.finished()
        if base.mode == "RGBA":
            image.putalpha(base.getchannel("A").resize(size, Image.Resampling.LANCZOS))
        facts = {
            "base_image": str(params.base_image), "scale": params.scale, "tile_size": params.tile_size,
            "overlap": params.overlap, "tiles": len(layout), "strength": params.strength,
        }  # fmt: skip
        provenance = {**pieces.record(size, refine=facts), "mode": "refine"}
        timings = {**pieces.timings, "total_s": time.monotonic() - began}
        return made_picture(task, image, provenance, timings, {"refine": facts})


def _shares(tile: Tile, layout: Grid) -> tuple[float, float, float, float]:
    return (
        tile.left / layout.width, tile.top / layout.height,
        (tile.left + tile.size) / layout.width, (tile.top + tile.size) / layout.height,
    )  # fmt: skip
