"""Progress of a running prediction: coalesced, so that it costs next to nothing; a preview has its share."""

import base64
import io
import time

from gpu.requests import StepEvent
from strategies import events
from strategies.models import Task

PROGRESS_SECONDS = 0.5  # at most two events a second, of less than a millisecond each
PREVIEW_SECONDS = 2.0  # or more, where previews would take more of the time than their share
PREVIEW_SHARE = 0.005


class Progress:
    """Called after every step; notes how far the task is, emits `progress` and now and then a `preview`."""

    def __init__(self, task: Task) -> None:
        self._task = task.id
        self._generation = task.generation_id
        self._prediction = str(task.prediction_id)
        self._next_progress = 0.0
        self._next_preview = time.monotonic() + PREVIEW_SECONDS

    def __call__(self, step: StepEvent) -> None:
        now = time.monotonic()
        if now < self._next_progress and step.step < step.steps:
            return
        self._next_progress = now + PROGRESS_SECONDS
        fraction = round(step.step / step.steps, 4)
        events.note_progress(self._task, fraction)
        if self._generation is None:
            return
        if events.is_over(self._generation):  # canceled: the worker learns of it in a moment
            return
        events.emit(
            self._generation, "progress",
            {"prediction": self._prediction, "step": step.step, "steps": step.steps, "fraction": fraction},
        )  # fmt: skip
        if now >= self._next_preview and step.step < step.steps:
            began = time.monotonic()
            self._preview(step)
            cost = time.monotonic() - began
            self._next_preview = began + max(PREVIEW_SECONDS, cost / PREVIEW_SHARE)

    def _preview(self, step: StepEvent) -> None:
        buffer = io.BytesIO()
        step.preview()[0].convert("RGB").save(buffer, "JPEG", quality=70)
        uri = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
        events.emit(self._generation, "preview", {"prediction": self._prediction, "image": uri})
