"""An aspect ratio shapes the picture, whether a family has it as an axis or a workflow as an input."""

import pytest

from families.models import Workflow
from strategies.errors import InvalidInputs
from strategies.params import parse
from strategies.services.generations import GenerationAsk, generation_create
from tests.factories import make_generation, make_workflow, spec, text_to_image_contract, the_task
from tests.families.building import family, member


@pytest.fixture
def shaped(db) -> Workflow:
    """A workflow with an aspect ratio of its own."""
    contract = text_to_image_contract()
    ratios = [{"value": ratio} for ratio in ("1:1", "16:9", "9:16", "100:1")]
    contract["inputs"].append(spec("aspect_ratio", "aspect_ratio", options=ratios, default="1:1"))
    return make_workflow(contract=contract)


def drawn(generation) -> tuple[int, int]:
    params = parse(the_task(generation).params)
    return params.width, params.height


@pytest.mark.parametrize(
    ("ratio", "size"), [(None, (128, 128)), ("1:1", (128, 128)), ("16:9", (168, 96)), ("9:16", (96, 168))]
)
def test_as_an_input_it_keeps_the_number_of_pixels(owner, shaped, ratio, size):
    assert drawn(make_generation(owner, shaped, inputs={"aspect_ratio": ratio})) == size


def test_as_an_axis_its_pick_fills_the_input(owner, shaped):
    photo = family("photo", aspect_ratio="1:1 16:9")
    member(photo, shaped, aspect_ratio="16:9")
    ask = GenerationAsk(family="photo", selection={"aspect_ratio": "16:9"}, inputs={"prompt": "a hat"})
    generation = generation_create(owner=owner, ask=ask)
    assert (generation.inputs["aspect_ratio"], drawn(generation)) == ("16:9", (168, 96))


def test_a_ratio_that_leaves_no_picture_is_refused(owner, shaped):
    with pytest.raises(InvalidInputs) as refusal:
        make_generation(owner, shaped, inputs={"aspect_ratio": "100:1"})
    assert refusal.value.errors[0]["type"] == "too_narrow"
