import pytest

from families.errors import InvalidInputs as CatalogueInvalidInputs
from strategies.errors import InvalidImage, InvalidInputs
from strategies.models import Asset, Refine
from strategies.params import parse
from strategies.services.generations import GenerationAsk, generation_create, generation_delete
from tests.factories import face_workflow, refine_workflow, uploaded
from tests.pictures import circle_and_square


@pytest.fixture
def ask(owner):
    """Ask for something of a picture, on this workflow."""

    def asked(workflow, **more):
        count = more.pop("num_predictions", 1)
        inputs = {"base_image": uploaded(owner, circle_and_square()), **more}
        settled = GenerationAsk(workflow=workflow.key, inputs=inputs, seed=5, num_predictions=count)
        return generation_create(owner=owner, ask=settled)

    return asked


def steps(generation):
    return [parse(task.params) for task in generation.tasks.order_by("prediction__index", "step")]


def test_without_face_detail_there_is_one_task_with_the_authors_recipe(ask):
    (params,) = steps(ask(refine_workflow(prompt_prefix="photo of "), prompt="a dog", scale=4))
    assert (params.task_type, params.prompt, params.scale) == ("refine", "photo of a dog", 4)
    assert (params.tile_size, params.overlap, params.strength) == (128, 16, 0.25)


def test_with_face_detail_the_faces_of_what_was_refined_follow(ask):
    refine, faces = steps(ask(refine_workflow(), face_detail=True, face_strength=0.5))
    assert (refine.task_type, faces.task_type) == ("refine", "face_fix")
    assert (faces.base_image, faces.strength, faces.tile_size) == (None, 0.5, 128)


def test_each_prediction_has_its_refine_record_and_goes_with_it(ask):
    generation = ask(refine_workflow(), num_predictions=3, face_detail=True)
    rows = Refine.objects.filter(prediction__generation=generation).order_by("seed")
    assert [(row.seed, row.face_strength, row.width) for row in rows] == [
        (5 + n, 0.35, 256) for n in range(3)
    ]
    generation.predictions.update(status="failed", completed_at=generation.created_at)
    type(generation).objects.filter(id=generation.id).update(
        status="failed", completed_at=generation.created_at
    )
    generation_delete(generation)
    assert Refine.objects.count() == 0


def test_a_record_outlives_its_base_image(ask):
    generation = ask(refine_workflow())
    Asset.objects.all().delete()
    assert Refine.objects.get(prediction__generation=generation).base_image is None


@pytest.mark.parametrize("scale", [1, 3, 8, 2.5])
def test_other_scales_are_refused(ask, scale):
    with pytest.raises(CatalogueInvalidInputs, match="scale"):
        ask(refine_workflow(), scale=scale)


def test_a_result_that_is_too_large_is_refused_with_its_size(ask, owner, monkeypatch):
    monkeypatch.setattr("strategies.refine.MAX_REFINED_PIXELS", 100_000)
    with pytest.raises(InvalidImage, match="would be 512×512") as caught:
        ask(refine_workflow(), scale=4)
    assert caught.value.errors[0]["loc"] == ["inputs", "base_image"]


def test_a_strength_that_leaves_no_step_is_refused(ask):
    with pytest.raises(InvalidInputs, match="cannot be used") as caught:
        ask(refine_workflow(), num_inference_steps=2, strength=0.25)
    assert caught.value.errors[0]["type"] == "nothing_to_do"
    with pytest.raises(InvalidInputs):
        ask(face_workflow(), num_inference_steps=2, strength=0.25)


def test_a_workflow_with_controlnets_is_refused(ask):
    nets = [{"model": "pocket:pocket-controlnet-canny", "preprocessor": "canny"}]
    with pytest.raises(InvalidInputs, match="without ControlNets"):
        ask(refine_workflow(controlnets=nets))


def test_a_face_fix_is_one_task_on_the_base_image(ask):
    generation = ask(face_workflow(), prompt="a smiling face", strength=0.6)
    (params,) = steps(generation)
    assert (params.task_type, params.prompt, params.strength) == ("face_fix", "a smiling face", 0.6)
    assert str(params.base_image) == generation.inputs["base_image"]
