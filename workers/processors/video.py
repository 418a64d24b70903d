"""`video`: from typed parameters to a clip and its poster."""

from collections.abc import Callable
from typing import cast

from gpu.clips import VideoRequest
from gpu.mp4 import mp4_bytes
from gpu.requests import ModelSource, StepEvent
from strategies.models import Task
from strategies.params import VideoParams, parse

from ..generators import get_generator
from ..outputs import Draft, Made, image_draft, made_of
from ..sources import picture
from ..weights import model_source


class VideoProcessor:
    """One clip per task: the MP4 first, then its first frame as a PNG."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        params = cast(VideoParams, parse(task.params))
        generator = get_generator(params.generator)
        result = generator.animate(_request(params), on_step, should_cancel)
        frames, record = result.frames, {**result.provenance, "source": {"asset": str(params.image)}}
        clip = Draft(task, 0, "video/mp4", frames[0].size, lambda: mp4_bytes(frames, params.fps, record))
        return made_of([clip, image_draft(task, 1, frames[0], record)], record, result.timings)


def _request(params: VideoParams) -> VideoRequest:
    values = params.model_dump(exclude={"task_type", "generator", "checkpoint", "image"})
    checkpoint = model_source(params.checkpoint) if params.checkpoint else ModelSource("none")
    return VideoRequest(checkpoint=checkpoint, image=picture(params.image), **values)
