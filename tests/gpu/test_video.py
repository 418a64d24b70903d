"""The stock Stable Video Diffusion pipeline over the pocket model, through the runner."""

import io
import json

import av
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from gpu.clips import VideoRequest
from gpu.errors import Canceled, InvalidRequest, UnsupportedModel
from gpu.mp4 import mp4_bytes
from gpu.pocket import CHECKPOINT, VIDEO
from gpu.pocket.video import CELL, cells_moved
from gpu.requests import ModelSource
from gpu.runner import Runner


@pytest.fixture(scope="module")
def runner():
    torch.set_num_threads(1)
    return Runner(device="cpu")


def scene() -> Image.Image:
    image = Image.new("RGB", (128, 128), (35, 70, 220))
    ImageDraw.Draw(image).ellipse((24, 40, 72, 88), fill=(220, 30, 30))
    return image


def ask(**fields) -> VideoRequest:
    defaults = {
        "checkpoint": ModelSource(str(VIDEO)), "image": scene(), "seed": 1, "width": 64, "height": 64,
        "num_frames": 4, "num_inference_steps": 1, "max_guidance_scale": 1.0, "noise_aug_strength": 0.0,
    }  # fmt: skip
    return VideoRequest(**{**defaults, **fields})


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB")).astype(int)


def center(image: Image.Image) -> float:
    """Of what is red, in pixels from the left."""
    return float(np.argwhere(pixels(image)[..., 0] > 130)[:, 1].mean())


def test_the_first_frame_is_the_source_and_the_shape_moves_as_the_bucket_says(runner):
    # Given one scene, When it is drawn at full speed
    result = runner.animate(ask(motion_bucket_id=255))
    # Then the clip starts with it, keeps its colours, and moves as documented
    small = scene().resize((64, 64), Image.Resampling.BICUBIC)
    assert ((pixels(result.frames[0]) - pixels(small)) ** 2).mean() < 120
    moved = [center(frame) - center(result.frames[0]) for frame in result.frames]
    assert moved == pytest.approx([CELL * cells_moved(255, frame) for frame in range(4)], abs=0.3)
    assert np.abs(pixels(result.frames[3])[0, 0] - (35, 70, 220)).max() <= 3
    assert np.abs(pixels(result.frames[3])[32, 30] - (220, 30, 30)).max() <= 3


def test_a_still_bucket_stands_still_and_the_speed_grows_with_the_bucket():
    assert [cells_moved(0, frame) for frame in range(8)] == [0] * 8
    ends = [cells_moved(bucket, 7) for bucket in range(256)]
    assert ends == sorted(ends) and (ends[0], ends[255]) == (0, 7)


def test_steps_are_told_and_the_record_names_everything(runner):
    events = []
    result = runner.animate(ask(num_inference_steps=2, num_frames=2, seed=9), on_step=events.append)
    assert [(event.step, event.steps) for event in events] == [(1, 2), (2, 2)]
    assert events[0].preview()[0].size == (64, 64)
    record = json.loads(json.dumps(result.provenance))
    assert (record["mode"], record["seed"], record["num_frames"], record["dtype"]) == (
        "video",
        9,
        2,
        "float32",
    )
    assert record["checkpoint"]["location"] == "pocket-svd" and len(record["checkpoint"]["sha256"]) == 3


@pytest.mark.parametrize("steps", [10, 25])
def test_a_schedule_that_begins_with_the_same_time_twice_is_drawn_to_its_end(runner, steps):
    told = []
    result = runner.animate(ask(num_inference_steps=steps, num_frames=2), on_step=told.append)
    assert len(told) == steps and len(result.frames) == 2


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_clip_that_was_stopped_goes_on_to_the_same_pixels(runner, tmp_path, stop):
    drawn = {"num_inference_steps": 5, "noise_aug_strength": 0.1, "folder": tmp_path / "clip"}
    whole = runner.animate(ask(**drawn))
    steps = []
    with pytest.raises(Canceled):
        runner.animate(ask(**drawn), on_step=steps.append, should_cancel=lambda: len(steps) == stop)
    again = []
    rest = runner.animate(ask(**drawn), on_step=again.append)
    assert (whole.resumed_at, rest.resumed_at) == (0, stop)
    assert [(each.step, each.steps) for each in again] == [(step, 5) for step in range(stop + 1, 6)]
    assert [frame.tobytes() for frame in rest.frames] == [frame.tobytes() for frame in whole.frames]
    assert rest.provenance == whole.provenance
    assert all(each.preview()[0].size == (64, 64) for each in again)


def test_a_cancel_is_heard_between_steps(runner):
    steps = []
    with pytest.raises(Canceled):
        runner.animate(
            ask(num_inference_steps=9, num_frames=2), on_step=steps.append, should_cancel=lambda: bool(steps)
        )
    assert len(steps) == 1


def test_a_picture_checkpoint_makes_no_clips(runner):
    with pytest.raises(UnsupportedModel, match="Stable Video Diffusion"):
        runner.animate(ask(checkpoint=ModelSource(str(CHECKPOINT))))


@pytest.mark.parametrize(
    "wrong",
    [{"num_frames": 1}, {"num_frames": 65}, {"fps": 0}, {"motion_bucket_id": 256}, {"width": 100},
     {"noise_aug_strength": float("nan")}, {"num_frames": 2.5}],
)  # fmt: skip
def test_what_is_out_of_bounds_is_named(wrong):
    with pytest.raises(InvalidRequest, match=next(iter(wrong))):
        ask(**wrong)


def test_an_mp4_decodes_to_its_frames_and_starts_with_its_index():
    # Given frames that differ
    frames = [scene().rotate(15 * turn) for turn in range(5)]
    # When they are written
    data = mp4_bytes(frames, 7, {"seed": 3})
    # Then all of them come back, in shape, speed and colour
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt, stream.average_rate) == ("h264", "yuv420p", 7)
        assert json.loads(container.metadata["comment"]) == {"seed": 3}
        decoded = [frame.to_image() for frame in container.decode(stream)]
    assert [frame.size for frame in decoded] == [(128, 128)] * 5
    for frame, original in zip(decoded, frames, strict=True):
        assert np.abs(pixels(frame) - pixels(original)).mean() < 4
    assert data.index(b"moov") < data.index(b"mdat")
    assert mp4_bytes(frames, 7, {"seed": 3}) == data
