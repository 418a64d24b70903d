import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from families.demo_adjust import CONTRACT
from gpu.images import read_provenance
from strategies.assets import asset_create
from strategies.models import Asset
from strategies.services.generations import GenerationAsk, generation_create, generation_replay
from strategies.services.tasks import TaskAsk, task_create
from tests.factories import make_workflow, the_task
from workers.execution import run_next

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def picture(owner):
    pixels = np.random.default_rng(1).integers(0, 256, (24, 32, 4), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return asset_create(owner, buffer.getvalue())


def adjust(owner, picture, **inputs):
    workflow = make_workflow(strategy="image_adjusting", contract=CONTRACT)
    ask = GenerationAsk(workflow=workflow.key, inputs={"base_image": str(picture.id), **inputs})
    return run(generation_create(owner=owner, ask=ask))


def run(generation):
    assert run_next("image_adjust") == str(the_task(generation).id)
    return generation.predictions.get()


def bytes_of(asset: Asset) -> bytes:
    with asset.file.open() as file:
        return file.read()


def pixels_of(asset: Asset) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(bytes_of(asset))))


def test_the_record_leads_back_to_the_original_and_repeats_the_adjustment(owner, picture):
    prediction = adjust(owner, picture, contrast=1.3, temperature=0.2, rotate=12.5)
    output = prediction.outputs.get()
    record = read_provenance(bytes_of(output))

    assert record == prediction.provenance
    assert record["source"] == {"asset": str(picture.id), "sha256": picture.sha256}
    assert [(step["step"], step["value"]) for step in record["adjustments"]] == [
        ("crop", None), ("rotate", 12.5), ("auto_levels", False), ("temperature", 0.2),
        ("brightness", 1.0), ("contrast", 1.3), ("saturation", 1.0), ("sharpness", 1.0),
    ]  # fmt: skip
    original = Asset.objects.get(id=record["source"]["asset"])
    again = {step["step"]: step["value"] for step in record["adjustments"]}
    repeated = adjust(owner, original, **again).outputs.get()
    assert pixels_of(repeated).tobytes() == pixels_of(output).tobytes()


def test_neutral_parameters_give_back_the_very_pixels(owner, picture):
    output = adjust(owner, picture).outputs.get()
    assert pixels_of(output).tobytes() == pixels_of(picture).tobytes()
    assert (output.content_type, output.width, output.height) == ("image/png", 32, 24)


def test_a_replay_gives_the_same_pixels(owner, picture):
    first = adjust(owner, picture, brightness=0.5, sharpness=2.0)
    second = run(generation_replay(first).generation)
    assert pixels_of(first.outputs.get()).tobytes() == pixels_of(second.outputs.get()).tobytes()


def test_a_source_that_was_deleted_meanwhile_is_the_caller_s_to_mend(owner, picture):
    workflow = make_workflow(strategy="image_adjusting", contract=CONTRACT)
    ask = GenerationAsk(workflow=workflow.key, inputs={"base_image": str(picture.id)})
    generation = generation_create(owner=owner, ask=ask)
    picture.delete()
    prediction = run(generation)
    assert (prediction.status, prediction.error_code) == ("failed", "input_gone")


def test_a_source_that_is_not_the_one_named_leaves_no_false_record(owner, picture):
    params = {"source": {"asset": str(picture.id), "sha256": "0" * 64}}
    task = task_create(owner=owner, ask=TaskAsk("image_adjust", params))
    assert run_next("image_adjust") == str(task.id)
    task.refresh_from_db()
    assert (task.status, task.error_code) == ("failed", "source_differs")


def test_adjusting_needs_no_torch():
    script = "import sys, gpu.adjust, gpu.images, gpu.requests; sys.exit('torch' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False).returncode == 0
