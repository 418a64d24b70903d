"""`video`: from typed parameters to a clip and its poster."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import cast

from gpu.clips import VideoRequest
from gpu.mp4 import mp4_bytes
from gpu.requests import ModelSource, StepEvent
from strategies.models import Task
from strategies.params import VideoParams, parse

from ..generators import get_generator
from ..outputs import Draft, Made, image_draft, made_of
from ..sources import picture
from ..unfinished import folder_of, sweep
from ..weights import model_source


class VideoProcessor:
    """One clip per task: the MP4 first, then its first frame as a PNG.

    What was reached when it is stopped survives; see `workers.unfinished`.
    """

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        params = cast(VideoParams, parse(task.params))
        sweep()
        generator, folder = get_generator(params.generator), folder_of(task.id)
        result = generator.animate(_request(params, folder), on_step, should_cancel)
        shutil.rmtree(folder, ignore_errors=True)
        frames, record = result.frames, {**result.provenance, "source": {"asset": str(params.image)}}
        clip = Draft(task, 0, "video/mp4", frames[0].size, lambda: mp4_bytes(frames, params.fps, record))
        poster, reached = image_draft(task, 1, frames[0], record), {"resumed_at": result.resumed_at}
        return made_of([clip, poster], record, result.timings, reached)


def _request(params: VideoParams, folder: Path) -> VideoRequest:
    values = params.model_dump(exclude={"task_type", "generator", "checkpoint", "image"})
    checkpoint = model_source(params.checkpoint) if params.checkpoint else ModelSource("none")
    return VideoRequest(checkpoint=checkpoint, image=picture(params.image), folder=folder, **values)
