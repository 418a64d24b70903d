import hashlib
import io

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from families.demo_video import CONTRACT
from gpu.images import read_provenance
from strategies.assets import asset_create, asset_from_reference
from strategies.errors import InvalidImage, InvalidInputs
from strategies.events import progress_of
from strategies.services.generations import GenerationAsk, generation_create
from tests.factories import make_workflow, the_task
from workers.execution import run_next
from workers.processors import processor_for
from workers.processors.video import VideoProcessor

pytestmark = pytest.mark.django_db(transaction=True)
RECIPE = {
    "strategy": "video",
    "contract": CONTRACT,
    "generator": "local_sdxl",
    "checkpoint": "pocket:pocket-svd",
}


@pytest.fixture
def picture(owner):
    image = Image.new("RGB", (128, 96), (250, 215, 30))
    ImageDraw.Draw(image).rectangle((40, 30, 80, 70), fill=(35, 70, 220))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return asset_create(owner, buffer.getvalue())


def ask(owner, picture, recipe=RECIPE, **inputs):
    inputs = {"source_image": str(picture.id), "num_frames": 3, "num_inference_steps": 1, **inputs}
    asked = GenerationAsk(workflow=make_workflow(**recipe).key, inputs=inputs, seed=5)
    return generation_create(owner=owner, ask=asked)


def read(asset) -> bytes:
    with asset.file.open() as file:
        return file.read()


def test_a_clip_and_its_poster_are_stored(owner, picture, pocket):
    generation = ask(owner, picture, fps=12, motion_bucket_id=255)
    run_next("video")
    prediction = generation.predictions.get()
    assert prediction.status == "succeeded", prediction.error_detail
    clip, poster = prediction.outputs.order_by("index")

    assert (clip.content_type, clip.width, clip.height) == ("video/mp4", 64, 64)
    assert clip.file.name.endswith(".mp4") and clip.sha256 == hashlib.sha256(read(clip)).hexdigest()
    with av.open(io.BytesIO(read(clip))) as container:
        assert container.streams.video[0].average_rate == 12
        frames = [np.asarray(frame.to_image()).astype(int) for frame in container.decode(video=0)]
    assert [frame.shape for frame in frames] == [(64, 64, 3)] * 3
    still = np.asarray(Image.open(io.BytesIO(read(poster)))).astype(int)
    assert np.abs(frames[0] - still).mean() < 4 < np.abs(frames[2] - still).mean()
    assert read_provenance(read(poster)) == prediction.provenance
    assert prediction.provenance["source"] == {"asset": str(picture.id)}
    assert prediction.provenance["extra"]["generation"] == str(generation.id)
    assert progress_of([the_task(generation).id]) == {the_task(generation).id: 1.0}


def test_a_clip_is_no_picture_to_start_from(owner, picture):
    mock = {**RECIPE, "generator": "mock", "checkpoint": ""}
    generation = ask(owner, picture, mock)
    run_next("video")
    clip = generation.predictions.get().outputs.get(index=0)
    with pytest.raises(InvalidImage, match="video/mp4"):
        asset_from_reference(owner, str(clip.id), loc=("inputs", "image"))


def test_the_strategy_s_own_bounds_hold_where_the_contract_has_none(owner, picture):
    loose = [{**spec, "maximum": None, "minimum": None} for spec in CONTRACT["inputs"]]
    with pytest.raises(InvalidInputs) as refusal:
        ask(owner, picture, {**RECIPE, "contract": {**CONTRACT, "inputs": loose}}, num_frames=65, fps=0)
    assert {problem["loc"][-1] for problem in refusal.value.errors} == {"num_frames", "fps"}


def test_a_clip_waits_in_a_queue_of_its_own(owner, picture):
    assert the_task(ask(owner, picture)).queue == "video"
    assert isinstance(processor_for("video"), VideoProcessor)
