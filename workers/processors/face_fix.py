"""`face_fix`: every face drawn again in a crop of its own and laid back softly."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from gpu.faces import crop_around, find_faces, lay_back
from gpu.images import record_of
from gpu.masks import plain
from gpu.requests import StepEvent
from strategies.models import Task
from strategies.params import FaceFixParams, parse

from ..outputs import Made, made_picture
from ..pieces import Pieces
from ..redrawing import stop_if
from ..sources import picture, picture_before


class FaceFixProcessor:
    """Outside the crops nothing changes, bit for bit; without a face nothing changes at all."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        params = cast(FaceFixParams, parse(task.params))
        began = time.monotonic()
        stop_if(should_cancel)
        opened = picture(params.base_image) if params.base_image else picture_before(task)
        image = plain(opened)
        faces = find_faces(image)
        pieces = Pieces(params, image, len(faces), on_step, should_cancel)
        for face in faces:
            box = crop_around(face, image.size)
            shares = (
                box[0] / image.width,
                box[1] / image.height,
                box[2] / image.width,
                box[3] / image.height,
            )
            lay_back(image, face, box, pieces.draw(image.crop(box).convert("RGB"), shares))
        if not faces:
            on_step(StepEvent(1, 1, lambda: [image]))
        facts = {
            "base_image": str(params.base_image) if params.base_image else None,
            "faces": len(faces), "boxes": [face.record() for face in faces],
            "tile_size": params.tile_size, "strength": params.strength,
        }  # fmt: skip
        before = None if params.base_image else record_of(opened)
        record = pieces.record(image.size, face_fix={**facts, "before": before})
        timings = {**pieces.timings, "total_s": time.monotonic() - began}
        made = made_picture(task, image, {**record, "mode": "face_fix", "faces": len(faces)}, timings, facts)
        return replace(made, logs=f"faces: {len(faces)}\n{made.logs}")
