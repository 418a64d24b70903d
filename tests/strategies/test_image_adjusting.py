import io

import pytest
from PIL import Image

from families.demo_adjust import CONTRACT
from strategies.assets import asset_create
from strategies.errors import InvalidInputs
from strategies.params import parse
from strategies.services.generations import GenerationAsk, generation_create
from tests.factories import make_owner, make_workflow, the_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def adjusting(db):
    return make_workflow(strategy="image_adjusting", contract=CONTRACT)


@pytest.fixture
def picture(owner):
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 100, 50)).save(buffer, "PNG")
    return asset_create(owner, buffer.getvalue())


def ask(owner, workflow, picture, **inputs):
    asked = GenerationAsk(workflow=workflow.key, inputs={"base_image": str(picture.id), **inputs})
    return generation_create(owner=owner, ask=asked)


def test_the_task_carries_every_parameter_and_what_the_source_must_be(owner, adjusting, picture):
    crop = {"left": 1, "top": 2, "width": 30, "height": 20}
    task = the_task(ask(owner, adjusting, picture, brightness=1.5, rotate=90, crop=crop, auto_levels=True))
    params = parse(task.params)
    assert (task.task_type, task.queue) == ("image_adjust", "image_adjust")
    assert (params.source.asset, params.source.sha256) == (picture.id, picture.sha256)
    assert (params.brightness, params.rotate, params.auto_levels) == (1.5, 90.0, True)
    assert params.crop.model_dump() == crop
    assert (params.contrast, params.temperature) == (1.0, 0.0)


@pytest.mark.parametrize("left", [11, 10**30])
def test_a_crop_outside_the_picture_is_refused_at_submit(owner, adjusting, picture, left):
    crop = {"left": left, "top": 0, "width": 30, "height": 5}
    with pytest.raises(InvalidInputs, match="40×30") as refusal:
        ask(owner, adjusting, picture, crop=crop)
    (problem,) = refusal.value.errors
    assert (problem["loc"], problem["type"]) == (["inputs", "crop"], "outside_picture")


def test_the_strategy_s_own_limits_hold_where_the_contract_has_none(owner, picture):
    loose = [{**spec, "maximum": None, "minimum": None} for spec in CONTRACT["inputs"]]
    workflow = make_workflow(strategy="image_adjusting", contract={**CONTRACT, "inputs": loose})
    with pytest.raises(InvalidInputs) as refusal:
        ask(owner, workflow, picture, brightness=5, temperature=-2)
    assert {problem["loc"][-1] for problem in refusal.value.errors} == {"brightness", "temperature"}


def test_another_s_picture_is_unknown(adjusting, picture):
    with pytest.raises(Exception, match="No such asset"):
        ask(make_owner(), adjusting, picture)
