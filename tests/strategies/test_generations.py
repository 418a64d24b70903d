from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from families.errors import InvalidInputs as ContractViolation
from families.models import Workflow
from strategies import lifecycle
from strategies.errors import (
    AgeVerificationRequired,
    InvalidImage,
    InvalidInputs,
    RequestError,
    StillRunning,
    UnknownStrategy,
    UnknownWorkflow,
    WorkflowUnavailable,
)
from strategies.models import Asset, Generation, Prediction, Status, Task
from strategies.params import parse
from strategies.queue_view import forget_views
from strategies.services.generations import (
    GenerationAsk,
    generation_create,
    generation_delete,
    generation_replay,
)
from tests.factories import make_generation, make_owner, make_workflow, spec, the_task, uploaded

from .lifecycle import claim, output_of


def test_predictions_take_seed_after_seed_and_each_has_one_task(owner, workflow):
    generation = make_generation(owner, workflow, num_predictions=3, seed=100)
    assert list(generation.predictions.order_by("index").values_list("seed", flat=True)) == [100, 101, 102]
    assert [parse(the_task(generation, index).params).seed for index in range(3)] == [100, 101, 102]


def test_a_generation_without_a_seed_gets_one_and_records_it(owner, workflow):
    seeds = {make_generation(owner, workflow).seed for _ in range(5)}
    assert len(seeds) == 5


def test_accepting_takes_the_same_queries_for_one_picture_as_for_sixty_four(
    owner, workflow, django_assert_max_num_queries
):
    make_generation(owner, workflow)  # the process has read the workflow
    forget_views()
    with django_assert_max_num_queries(12):
        make_generation(owner, workflow, num_predictions=64)


def test_messages_go_out_only_after_the_commit(
    owner, workflow, broker_queue, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        generation = make_generation(owner, workflow, num_predictions=3)
        assert broker_queue("generation") == 0
    assert broker_queue("generation") == 3
    assert generation.tasks.filter(published_at=None).count() == 0


def test_contract_defaults_reach_the_task(owner, workflow):
    params = parse(the_task(make_generation(owner, workflow)).params)
    assert (params.width, params.height, params.num_inference_steps) == (128, 128, 4)
    assert params.provenance["workflow"] == workflow.key


def test_the_authors_prefix_loras_and_scheduler_reach_the_task(owner):
    workflow = make_workflow(
        prompt_prefix="outlined ",
        scheduler="ddim",
        checkpoint="org/model",
        checkpoint_revision="a" * 40,
        loras=[{"lora": "pocket:pocket-lora-outline", "weight": 0.5, "name": "outline"}],
    )
    params = parse(the_task(make_generation(owner, workflow)).params)
    assert params.prompt == "outlined a red circle on a blue background"
    assert params.scheduler == "ddim"
    assert params.checkpoint.revision == "a" * 40
    assert [(lora.location, lora.weight) for lora in params.loras] == [("pocket:pocket-lora-outline", 0.5)]


def test_the_authors_autoencoder_and_refiner_reach_the_task(owner):
    workflow = make_workflow(vae="org/vae", vae_revision="b" * 40, refiner="refiner", refiner_start=0.75)
    params = parse(the_task(make_generation(owner, workflow)).params)
    assert (params.vae.location, params.vae.revision) == ("org/vae", "b" * 40)
    assert (params.refiner.model.location, params.refiner.start) == ("refiner", 0.75)
    assert params.refiner.model.revision is None


@pytest.mark.parametrize(
    ("recipe", "strength", "field"),
    [({}, 0.2, "strength"), ({"controlnets": [{"model": "canny"}]}, 0.9, "image")],
)
def test_a_refiner_needs_something_to_go_on_from(owner, recipe, strength, field):
    workflow = make_workflow(refiner="refiner", **recipe)
    image = uploaded(owner, Image.new("RGB", (64, 64)))
    inputs = {
        "image": image, "strength": strength, "control_images": [image] * len(recipe),
        "num_inference_steps": 10,
    }  # fmt: skip
    with pytest.raises(InvalidInputs, match="refiner") as caught:
        make_generation(owner, workflow, inputs=inputs)
    assert caught.value.errors[0]["loc"] == ["inputs", field]


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"prompt": "x" * 100_000}, "prompt"),
        ({"width": 100}, "width"),
        ({"width": -8}, "width"),
        ({"height": 10**9}, "height"),
        ({"guidance_scale": float("nan")}, "guidance_scale"),
        ({"num_inference_steps": 10_000}, "num_inference_steps"),
        ({"sampler": "euler"}, "sampler"),
        ({"prompt": None}, "prompt"),
    ],
)
def test_an_input_outside_the_contract_is_named_and_nothing_is_written(owner, workflow, inputs, field):
    with pytest.raises(ContractViolation) as caught:
        make_generation(owner, workflow, inputs=inputs)
    assert [problem.loc for problem in caught.value.errors] == [("inputs", field)]
    assert Generation.objects.count() == Task.objects.count() == 0


def test_a_mask_needs_an_image(owner, workflow):
    with pytest.raises(InvalidInputs, match="inputs"):
        make_generation(owner, workflow, inputs={"mask": "data:image/png;base64,AAAA"})


def test_an_unknown_asset_is_refused_and_named(owner, workflow):
    with pytest.raises(InvalidImage) as caught:
        make_generation(owner, workflow, inputs={"image": "00000000-0000-0000-0000-000000000000"})
    assert caught.value.errors[0]["loc"] == ["inputs", "image"]


def test_another_owners_asset_is_unknown(owner, workflow):
    foreign = Asset.objects.create(
        owner=make_owner(), file="x.png", content_type="image/png", width=8, height=8, size=1, sha256="0" * 64
    )
    with pytest.raises(InvalidImage, match="No such asset"):
        make_generation(owner, workflow, inputs={"image": str(foreign.id)})


def test_control_images_must_match_the_workflows_controlnets(owner, workflow):
    with pytest.raises(InvalidInputs, match="0 control image"):
        make_generation(owner, workflow, inputs={"control_images": ["data:image/png;base64,AAAA"]})


def test_adult_workflows_need_an_age_verified_account(owner):
    adult = make_workflow(rating="adult")
    with pytest.raises(AgeVerificationRequired):
        make_generation(owner, adult)
    assert make_generation(make_owner(age_verified_at=timezone.now()), adult).rating == "adult"


def test_drafts_and_unknown_workflows_are_refused(owner):
    with pytest.raises(WorkflowUnavailable, match="draft"):
        make_generation(owner, make_workflow(state=Workflow.State.DRAFT))
    with pytest.raises(UnknownWorkflow, match="'nope'"):
        generation_create(owner=owner, ask=GenerationAsk(workflow="nope", inputs={}))


def test_a_strategy_alone_runs_its_default_workflow(owner, workflow):
    ask = GenerationAsk(strategy="generate", inputs={"prompt": "x"})
    with pytest.raises(UnknownStrategy, match="no default workflow"):
        generation_create(owner=owner, ask=ask)
    Workflow.objects.filter(id=workflow.id).update(is_default_for_strategy=True)
    generation = generation_create(
        owner=owner, ask=GenerationAsk(strategy="generate", inputs={"prompt": "x"})
    )
    assert generation.workflow == workflow
    with pytest.raises(UnknownStrategy, match=r"known: .*generate"):
        generation_create(owner=owner, ask=GenerationAsk(strategy="paint", inputs={}))


@pytest.mark.parametrize(
    "named", [{}, {"workflow": "a", "strategy": "generate"}, {"family": "a", "workflow": "b"}]
)
def test_exactly_one_of_family_workflow_and_strategy_is_named(owner, named):
    with pytest.raises(RequestError, match="exactly one"):
        generation_create(owner=owner, ask=GenerationAsk(inputs={}, **named))


def test_a_replay_asks_again_with_the_same_seed_and_inputs(owner, workflow):
    first = make_generation(owner, workflow, num_predictions=2, seed=7)
    prediction = first.predictions.get(index=1)
    with pytest.raises(StillRunning):
        generation_replay(prediction)

    for held in (claim(), claim()):
        lifecycle.succeed(held, output_of(held.task))
    prediction = Prediction.objects.select_related("generation").get(id=prediction.id)
    again = generation_replay(prediction).generation

    assert (again.seed, again.num_predictions, again.inputs) == (8, 1, first.inputs)
    assert again.metadata["replay_of"] == str(prediction.id)


def test_a_replay_does_the_same_work_whatever_became_of_the_workflow(owner, workflow):
    first = make_generation(owner, workflow, inputs={"num_inference_steps": 9})
    held = claim()
    lifecycle.succeed(held, output_of(held.task))
    Workflow.objects.filter(id=workflow.id).update(state="archived", version=5, prompt_prefix="changed ")

    prediction = Prediction.objects.select_related("generation").get(generation=first)
    again = generation_replay(prediction).generation
    old, new = (parse(the_task(each).params) for each in (first, again))
    assert new.model_copy(update={"provenance": {}}) == old.model_copy(update={"provenance": {}})
    assert again.workflow_version == first.workflow_version
    assert new.provenance["generation"] == str(again.id)


@pytest.mark.parametrize(
    "inputs",
    [
        {"scheduler": "no-such-sampler"},
        {"image": "data:,", "strength": 0.1, "num_inference_steps": 4},
        {"loras": [{"lora": "00000000-0000-0000-0000-000000000000"}] * 9},
    ],
)
def test_what_no_worker_could_do_is_refused_at_once(owner, inputs):
    workflow = make_workflow()
    workflow.contract["inputs"].append(spec("scheduler", "text"))
    workflow.save()
    with pytest.raises(InvalidInputs):
        make_generation(owner, workflow, inputs=inputs)
    assert not Task.objects.exists()


def test_a_running_generation_cannot_be_deleted_and_a_finished_one_takes_its_files_along(
    owner, workflow, django_capture_on_commit_callbacks
):
    generation = make_generation(owner, workflow)
    with pytest.raises(StillRunning):
        generation_delete(generation)

    held = claim()
    output = output_of(held.task)
    storage = output.assets[0].file.storage
    storage.save(output.assets[0].file.name, ContentFile(b"picture"))
    lifecycle.succeed(held, output)
    with django_capture_on_commit_callbacks(execute=True):
        generation_delete(generation)

    assert not Generation.objects.exists() and not Asset.objects.exists()
    assert not storage.exists(output.assets[0].file.name)


def test_a_deadline_is_counted_from_now(owner, workflow):
    generation = make_generation(owner, workflow, deadline_seconds=90)
    assert abs(generation.deadline - timezone.now() - timedelta(seconds=90)) < timedelta(seconds=5)
    assert the_task(generation).deadline == generation.deadline


def test_a_new_generation_is_starting(owner, workflow):
    assert make_generation(owner, workflow).status == Status.STARTING
