"""Edits through the processors with the real pocket models: judged by their pixels."""

import numpy as np
import pytest
from PIL import Image

from gpu.errors import Canceled
from gpu.images import record_of
from gpu.masks import digest
from gpu.regions import ShapeFinder
from strategies import lifecycle
from strategies.errors import InvalidInputs
from strategies.models import Asset, Status
from strategies.services.tasks import TaskAsk, task_create
from tests.factories import editing_workflow, uploaded
from tests.pictures import CIRCLE, circle_and_square, mask_of, yellow_triangle
from workers import execution
from workers.processors import processor_for

from .drawing import POCKET, asked, opened, pixels, run_chain

pytestmark = pytest.mark.django_db(transaction=True)
AROUND_CIRCLE = (CIRCLE[0] - 6, CIRCLE[1] - 6, CIRCLE[2] + 6, CIRCLE[3] + 6)
GREEN_STAR = "a green star and a blue square on a white background"
TRIANGLE = "a yellow triangle and a blue square on a white background"


def greenish(image: Image.Image) -> np.ndarray:
    red, green, blue = np.moveaxis(pixels(image), -1, 0)
    return (green > red + 40) & (green > blue + 40)


def yellowish(image: Image.Image) -> np.ndarray:
    red, green, blue = np.moveaxis(pixels(image), -1, 0)
    return (red > 150) & (green > 120) & (blue < 120)


def reddish(image: Image.Image) -> np.ndarray:
    red, green, blue = np.moveaxis(pixels(image), -1, 0)
    return (red > green + 90) & (red > blue + 90)


def outside_is_kept(image: Image.Image, base: Image.Image, mask: Image.Image) -> bool:
    kept = np.asarray(mask) == 0
    return kept.any() and np.array_equal(np.asarray(image)[kept], np.asarray(base)[kept])


def test_an_edit_stays_inside_its_mask_and_draws_what_was_asked(owner, pocket):
    base, mask = circle_and_square(), mask_of(AROUND_CIRCLE)
    generation = asked(
        owner, editing_workflow(**POCKET), base_image=uploaded(owner, base), mask=uploaded(owner, mask),
        prompt=GREEN_STAR, num_inference_steps=20,
    )  # fmt: skip
    image = run_chain(generation, "editing")
    assert outside_is_kept(image, base, mask)
    assert greenish(image).sum() > 150 and reddish(image).sum() < 20


def test_a_region_is_found_by_its_words_and_recorded(owner, pocket):
    base = circle_and_square()
    found = ShapeFinder().find(base, "the red circle")
    generation = asked(
        owner, editing_workflow(**POCKET), base_image=uploaded(owner, base), region="the red circle",
        prompt=GREEN_STAR,
    )  # fmt: skip
    image = run_chain(generation, "editing")
    assert outside_is_kept(image, base, found)
    assert reddish(image).sum() < 20, "the circle is gone"
    record = generation.predictions.get().provenance["extra"]["edit"]
    assert (record["region"], record["mask_sha256"]) == ("the red circle", digest(found))
    assert record == generation.tasks.get().result["area"]
    assert record_of(image)["extra"]["edit"] == record


def test_a_reference_is_placed_and_melted_in_by_a_second_pass(owner, pocket):
    base = circle_and_square()
    found = ShapeFinder().find(base, "the red circle")
    triangle = uploaded(owner, yellow_triangle())
    generation = asked(
        owner, editing_workflow(**POCKET), base_image=uploaded(owner, base), region="the red circle",
        reference_images=[triangle], prompt=TRIANGLE,
    )  # fmt: skip
    image = run_chain(generation, "editing", "detail_enhancer")
    edited = opened(Asset.objects.get(task__prediction__generation=generation, task__step=0))
    assert outside_is_kept(image, base, found) and outside_is_kept(edited, base, found)
    assert not np.array_equal(pixels(image), pixels(edited)), "the second pass changed something"
    triangle_pixels = yellowish(image)[:, :64]
    assert triangle_pixels.sum() > 500 and reddish(image).sum() < 150, "of 1,800"
    ys, xs = np.nonzero(triangle_pixels)
    assert abs(xs.mean() - 32) < 6 and ys.mean() > 62, "it lies where the circle was, heavier below"
    before = generation.predictions.get().provenance["extra"]["detail"]["before"]
    (placed,) = before["extra"]["edit"]["references"]
    assert placed["image"] == triangle and len(placed["box"]) == 4


@pytest.mark.parametrize("size", [(131, 117), (61, 90), (203, 150)])
def test_the_result_has_exactly_the_size_of_the_base_image(owner, pocket, size):
    base, mask = circle_and_square(size), mask_of((0, 0, 30, 80), size)
    generation = asked(
        owner, editing_workflow(**POCKET), base_image=uploaded(owner, base), mask=uploaded(owner, mask),
        prompt="a green circle", num_inference_steps=2,
    )  # fmt: skip
    image = run_chain(generation, "editing")
    output = generation.predictions.get().outputs.get()
    assert image.size == size == (output.width, output.height)
    assert outside_is_kept(image, base, mask)


def test_transparency_outside_of_the_mask_stays(owner, pocket):
    base = circle_and_square().convert("RGBA")
    base.putalpha(mask_of((20, 20, 110, 110)))
    mask = mask_of((64, 0, 127, 127))
    generation = asked(
        owner, editing_workflow(**POCKET), base_image=uploaded(owner, base), mask=uploaded(owner, mask),
        prompt="a green circle", num_inference_steps=2,
    )  # fmt: skip
    image = run_chain(generation, "editing")
    assert image.mode == "RGBA" and outside_is_kept(image, base, mask)


def test_the_whole_picture_is_changed_where_nothing_is_marked(owner, pocket):
    base = circle_and_square()
    generation = asked(owner, editing_workflow(**POCKET), base_image=uploaded(owner, base), prompt=GREEN_STAR)
    image = run_chain(generation, "editing")
    assert (pixels(image) != pixels(base)).any(-1).mean() > 0.5


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"region": "the green heart"}, "region_not_found"),
        ({"mask": Image.new("L", (128, 128), 0)}, "unusable_mask"),
        (
            {"mask": mask_of((0, 0, 20, 20)), "reference_images": [(yellow_triangle(), 0.9)]},
            "reference_outside",
        ),
    ],
)
def test_what_cannot_be_done_ends_at_once_and_says_why(owner, inputs, code):
    given = dict(inputs)
    if "mask" in given:
        given["mask"] = uploaded(owner, given["mask"])
    if "reference_images" in given:
        given["reference_images"] = [
            {"image": uploaded(owner, image), "x": x, "y": x, "scale": 0.1}
            for image, x in given["reference_images"]
        ]
    base = uploaded(owner, circle_and_square())
    generation = asked(owner, editing_workflow(), base_image=base, prompt="x", **given)
    execution.run_next("editing")
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == (Status.FAILED, code)
    assert not generation.tasks.filter(status=Status.STARTING).exists(), "no second pass waits for ever"


def test_an_edit_that_is_canceled_stops_before_it_draws(owner):
    base = uploaded(owner, circle_and_square())
    generation = asked(owner, editing_workflow(), base_image=base, prompt="x", region="the red circle")
    with pytest.raises(Canceled):
        processor_for("editing").run(generation.tasks.get(), lambda step: None, lambda: True)


def test_a_detail_enhancer_asked_for_by_itself_works_on_the_base_image(owner, pocket):
    base = circle_and_square((131, 117))
    editing_workflow(**POCKET)  # its checkpoint is open to everybody
    params = {
        **POCKET, "checkpoint": {"location": POCKET["checkpoint"]}, "prompt": "a red circle", "seed": 1,
        "num_inference_steps": 10, "guidance_scale": 3.0, "strength": 0.3,
        "base_image": uploaded(owner, base), "region": "the red circle",
    }  # fmt: skip
    foreign = {**params, "region_finder": {"location": "/somewhere/else"}}
    with pytest.raises(InvalidInputs, match="cannot use"):
        task_create(owner=owner, ask=TaskAsk("detail_enhancer", foreign))
    task = task_create(owner=owner, ask=TaskAsk("detail_enhancer", params))
    execution.run_next("detail_enhancer")
    task.refresh_from_db()
    assert task.status == Status.SUCCEEDED, task.error_detail
    image = opened(Asset.objects.get(task=task))
    assert outside_is_kept(image, base, ShapeFinder().find(base, "the red circle"))
    assert not np.array_equal(pixels(image), pixels(base))


@pytest.mark.parametrize("step", [0, 1])
def test_a_worker_that_dies_in_a_chain_leaves_one_stored_result(owner, pocket, monkeypatch, step):
    generation = asked(
        owner, editing_workflow(**POCKET), base_image=uploaded(owner, circle_and_square()),
        region="the red circle", reference_images=[uploaded(owner, yellow_triangle())], prompt=TRIANGLE,
        num_inference_steps=4,
    )  # fmt: skip
    queues = ["editing", "detail_enhancer"]
    for queue in queues[:step]:
        execution.run_next(queue)

    def killed(held, output):
        raise KeyboardInterrupt  # as a kill: nothing is caught, nothing is written, the lease stays

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(lifecycle, "succeed", killed)
        execution.run_next(queues[step])
    task = generation.tasks.get(step=step)
    assert task.status == Status.PROCESSING
    assert lifecycle.expire_leases(worker=task.worker) == 1
    assert lifecycle.reap(republish_seconds=30).returned == 1

    run_chain(generation, *queues[step:])
    assert [task.status for task in generation.tasks.all()] == [Status.SUCCEEDED] * 2
    made = Asset.objects.filter(task__generation=generation)
    assert sorted(made.values_list("task__step", flat=True)) == [0, 1], "one picture of each step"
    assert generation.predictions.get().outputs.get() == made.get(task__step=1)
