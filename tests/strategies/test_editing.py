import pytest

from families.errors import InvalidInputs as ContractViolation
from strategies.errors import InvalidImage, InvalidInputs
from strategies.models import Prediction, Status, Task
from strategies.params import DetailEnhancerParams, EditingParams, parse
from strategies.services.generations import GenerationAsk, generation_create, generation_replay
from tests.factories import editing_workflow, make_owner, uploaded
from tests.pictures import circle_and_square, mask_of, yellow_triangle


@pytest.fixture
def base(owner) -> str:
    return uploaded(owner, circle_and_square((131, 117)))


@pytest.fixture
def edit(owner):
    """Ask for an edit of the workflow's default strategy."""

    def asked(workflow=None, num_predictions=1, **inputs):
        ask = GenerationAsk(
            workflow=(workflow or editing_workflow()).key,
            inputs={"prompt": "a green star", **inputs},
            num_predictions=num_predictions,
            seed=5,
        )
        return generation_create(owner=owner, ask=ask)

    return asked


def chain(generation) -> list:
    return [parse(task.params) for task in generation.tasks.order_by("prediction__index", "step")]


def test_an_edit_is_one_task(edit, base):
    (params,) = chain(edit(base_image=base, region="the red circle"))
    assert isinstance(params, EditingParams)
    assert (str(params.base_image), params.region, params.region_finder) == (base, "the red circle", None)
    assert params.strength == 1.0, "inside the region nothing of the old is wanted"


def test_with_references_a_detail_enhancer_follows_in_every_prediction(owner, edit, base):
    triangle = uploaded(owner, yellow_triangle())
    reference = {"image": triangle, "x": 0.25, "y": 0.5, "scale": 0.3}
    generation = edit(
        base_image=base, reference_images=[reference, triangle], detail_strength=0.4, num_predictions=2
    )
    tasks = list(generation.tasks.order_by("prediction__index", "step"))
    assert [(task.task_type, task.step, task.ready) for task in tasks] == [
        ("editing", 0, True),
        ("detail_enhancer", 1, False),
    ] * 2
    first, second = chain(generation)[:2]
    assert isinstance(second, DetailEnhancerParams)
    assert [(str(each.image), each.x, each.scale) for each in first.references] == [
        (triangle, 0.25, 0.3),
        (triangle, None, None),
    ]
    assert first.strength == 0.5, "references must not be lost"
    assert (second.strength, second.base_image, second.seed) == (0.4, first.base_image, 5)


def test_an_edit_of_the_whole_picture_stays_near_it(edit, base):
    (params,) = chain(edit(base_image=base))
    assert (params.mask, params.region, params.strength) == (None, None, 0.6)


def test_a_given_strength_is_kept(edit, base):
    (params,) = chain(edit(base_image=base, region="x", strength=0.25, num_inference_steps=8))
    assert params.strength == 0.25


def test_the_inputs_are_stored_as_assets(owner, edit, base):
    mask = uploaded(owner, mask_of((0, 0, 40, 40), (131, 117)))
    assert edit(base_image=base, mask=mask).inputs["mask"] == mask


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"region": "x", "mask": "data:,"}, "not both"),
        ({"strength": 0.1, "num_inference_steps": 4}, "no step"),
        ({"reference_images": [{"image": "data:,", "x": 0.5}]}, "give both or none"),
        ({"reference_images": [{"image": "data:,", "start": 0.5}]}, "Extra inputs"),
        ({"reference_images": [{"image": "data:,", "scale": 0}]}, "greater than 0"),
        ({"reference_images": ["data:,"], "detail_strength": 0.1, "num_inference_steps": 4}, "no step"),
    ],
)
def test_what_cannot_be_done_is_refused_and_named(edit, base, inputs, words):
    with pytest.raises(InvalidInputs) as caught:
        edit(base_image=base, **inputs)
    assert words in caught.value.errors[0]["msg"]
    assert not Task.objects.exists()


@pytest.mark.parametrize("inputs", [{}, {"base_image": None}, {"base_image": 3}])
def test_a_base_image_is_needed(edit, inputs):
    with pytest.raises(ContractViolation) as caught:
        edit(**inputs)
    assert caught.value.errors[0].loc == ("inputs", "base_image")


def test_a_mask_of_another_size_is_refused(owner, edit, base):
    with pytest.raises(InvalidImage, match=r"64×64.*131×117") as caught:
        edit(base_image=base, mask=uploaded(owner, mask_of((0, 0, 9, 9), (64, 64))))
    assert caught.value.errors[0]["loc"] == ["inputs", "mask"]


def test_a_base_image_that_cannot_be_drawn_is_refused(owner, edit):
    with pytest.raises(InvalidImage, match="scale it down"):
        edit(base_image=uploaded(owner, circle_and_square((2400, 2000))))


def test_another_owners_reference_is_unknown(edit, base):
    foreign = uploaded(make_owner(), yellow_triangle())
    with pytest.raises(InvalidImage) as caught:
        edit(base_image=base, reference_images=[foreign])
    assert caught.value.errors[0]["loc"] == ["inputs", "reference_images", 0, "image"]


def test_a_client_never_types_the_name_of_a_finder(edit, base):
    workflow = editing_workflow()
    (finder,) = (spec for spec in workflow.contract["inputs"] if spec["key"] == "region_finder")
    finder.update(kind="text")
    del finder["options"]
    workflow.save()
    with pytest.raises(InvalidInputs, match="drop-down"):
        edit(workflow, base_image=base, region="x", region_finder="clipseg:/etc")


def test_a_chain_is_replayed_as_it_was(owner, edit, base):
    first = edit(base_image=base, reference_images=[uploaded(owner, yellow_triangle())])
    Prediction.objects.update(status=Status.CANCELED, completed_at=first.created_at)
    again = generation_replay(first.predictions.get()).generation

    def plain(generation):
        return [params.model_copy(update={"provenance": {}}) for params in chain(generation)]

    assert plain(again) == plain(first)
    assert len(plain(again)) == 2


def test_an_author_may_name_a_model_that_finds_regions(edit, base):
    workflow = editing_workflow()
    (finder,) = (spec for spec in workflow.contract["inputs"] if spec["key"] == "region_finder")
    name = f"clipseg:org/clipseg@{'a' * 40}"
    finder.update(options=[{"value": name, "label": "Anything"}], default=name)
    workflow.save()
    (params,) = chain(edit(workflow, base_image=base, region="the hat"))
    assert (params.region_finder.location, params.region_finder.revision) == ("org/clipseg", "a" * 40)
