import pytest

from strategies.errors import InvalidInputs
from strategies.params import BackgroundFixParams, parse
from strategies.services.generations import GenerationAsk, generation_create
from tests.factories import background_workflow, the_task, uploaded
from tests.pictures import circle_and_square


@pytest.fixture
def fix(owner):
    """Ask for another background."""

    def asked(workflow=None, **inputs) -> BackgroundFixParams:
        inputs = {"base_image": uploaded(owner, circle_and_square()), **inputs}
        ask = GenerationAsk(workflow=(workflow or background_workflow()).key, inputs=inputs)
        return parse(the_task(generation_create(owner=owner, ask=ask)).params)

    return asked


def test_a_prompt_is_drawn_with_the_authors_words(fix):
    params = fix(background_workflow(prompt_prefix="photo of "), prompt="a green background")
    assert (params.prompt, params.color, params.transparent) == ("photo of a green background", None, False)


@pytest.mark.parametrize("spelled", ["#1E90FF", "dodgerblue", "rgb(30, 144, 255)"])
def test_a_colour_may_be_spelled_as_in_css_and_draws_nothing(fix, spelled):
    params = fix(background_workflow(prompt_prefix="photo of "), color=spelled)
    assert (params.color, params.prompt) == ("#1e90ff", "")


def test_transparency_is_a_background(fix):
    params = fix(transparent=True, feather=3)
    assert (params.transparent, params.prompt, params.feather) == (True, "", 3)


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"prompt": " "},
        {"prompt": "the sea", "color": "red"},
        {"color": "red", "transparent": True},
    ],
)
def test_there_is_exactly_one_background(fix, inputs):
    with pytest.raises(InvalidInputs) as caught:
        fix(**inputs)
    assert caught.value.errors[0]["type"] == "one_background"


def test_a_colour_that_is_none_is_named(fix):
    with pytest.raises(InvalidInputs) as caught:
        fix(color="sky")
    assert caught.value.errors[0]["loc"] == ["inputs", "color"]
