"""What telling of progress may cost."""

from types import SimpleNamespace
from uuid import uuid4

import pytest
from PIL import Image

from gpu.requests import StepEvent
from workers import progress
from workers.progress import Progress

STEPS = 1000


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when somebody says so."""
    now = SimpleNamespace(time=100.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now.time)
    return now


@pytest.mark.parametrize("cost", [0.001, 0.04, 0.4])
def test_previews_take_no_more_than_their_share(clock, monkeypatch, cost):
    spent = []
    monkeypatch.setattr(progress.events, "note_progress", lambda *_: None)
    monkeypatch.setattr(progress.events, "is_over", lambda *_: False)
    monkeypatch.setattr(progress.events, "emit", lambda *_: None)

    def preview():
        clock.time += cost
        spent.append(cost)
        return [Image.new("RGB", (8, 8))]

    tell = Progress(SimpleNamespace(id=uuid4(), generation_id=uuid4(), prediction_id=uuid4()))
    began = clock.time
    for step in range(1, STEPS):
        clock.time += 0.3
        tell(StepEvent(step, STEPS, preview))
    assert spent
    assert sum(spent[:-1]) <= progress.PREVIEW_SHARE * (clock.time - began)
