"""Other backgrounds through the processor: the subject's pixels are compared bit for bit."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from gpu.foreground import foreground
from strategies.models import Status
from tests.factories import background_workflow, uploaded
from tests.pictures import circle_and_square, yellow_triangle
from workers import execution

from .drawing import POCKET, asked, pixels, run_chain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("pocket")]


def fixed(owner, base: Image.Image, **inputs) -> Image.Image:
    workflow = background_workflow(**POCKET)
    return run_chain(asked(owner, workflow, base_image=uploaded(owner, base), **inputs), "background_fix")


def test_a_background_is_drawn_behind_a_subject_that_stays_bit_for_bit(owner, pocket):
    base = circle_and_square((131, 117))
    image = fixed(
        owner, base, prompt="a red circle and a blue square on a green background", num_inference_steps=20
    )
    subject = np.asarray(foreground(base)) > 0
    assert image.size == base.size
    assert np.array_equal(pixels(image)[subject], pixels(base)[subject])
    corners = pixels(image)[[5, 5, -6, -6], [5, -6, 5, -6]]
    assert (corners[:, 1] > corners[:, 0] + 60).all() and (corners[:, 1] > corners[:, 2] + 60).all(), corners


@pytest.mark.parametrize(
    "base", [circle_and_square(), Image.fromarray(data.coffee())], ids=["shapes", "photograph"]
)
def test_a_colour_fills_everything_but_the_subject(owner, base):
    image = fixed(owner, base, color="dodgerblue")
    subject = np.asarray(foreground(base)) > 0
    assert np.array_equal(pixels(image)[subject], pixels(base)[subject])
    assert (pixels(image)[~subject] == (30, 144, 255)).all()


def test_a_transparent_background_hides_nothing_below(owner):
    base = Image.fromarray(data.astronaut())
    image = fixed(owner, base, transparent=True)
    subject = np.asarray(foreground(base)) > 0
    seen = np.asarray(image)
    assert image.mode == "RGBA"
    assert (seen[..., 3] == np.where(subject, 255, 0)).all()
    assert np.array_equal(seen[subject][:, :3], np.asarray(base)[subject])
    assert (seen[~subject] == 0).all()


def test_a_feather_fades_at_the_rim_only(owner):
    base = circle_and_square()
    image = fixed(owner, base, transparent=True, feather=4)
    alpha, subject = np.asarray(image)[..., 3], np.asarray(foreground(base)) > 0
    assert (alpha[~subject] == 0).all() and 0 < alpha[64, 76] < 255
    whole = alpha == 255
    assert whole[64, 96] and np.array_equal(np.asarray(image)[whole][:, :3], np.asarray(base)[whole])


def test_a_cut_out_picture_keeps_its_own_outline(owner):
    image = fixed(owner, yellow_triangle(), color="#000000")
    assert image.getpixel((24, 40)) == (250, 215, 30) and image.getpixel((1, 1)) == (0, 0, 0)


def test_what_was_done_is_recorded(owner):
    generation = asked(
        owner, background_workflow(), base_image=uploaded(owner, circle_and_square()), color="#102030"
    )
    run_chain(generation, "background_fix")
    record = generation.predictions.get().provenance["extra"]["background"]
    assert record["color"] == "#102030" and len(record["subject_sha256"]) == 64
    assert generation.tasks.get().result["background"] == record


def test_a_picture_without_a_subject_fails_and_says_so(owner):
    empty = uploaded(owner, Image.new("RGB", (128, 128), (20, 200, 90)))
    generation = asked(owner, background_workflow(), base_image=empty, transparent=True)
    execution.run_next("background_fix")
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == (Status.FAILED, "no_foreground")
