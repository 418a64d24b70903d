"""Pictures made larger through the processor with the pocket models: measured, not looked at."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from gpu.errors import Canceled
from gpu.images import record_of
from gpu.tiles import grid
from strategies.models import Asset, Refine
from strategies.services.generations import generation_replay
from tests.factories import refine_workflow, uploaded
from tests.pictures import circle_and_square
from workers.processors import processor_for

from .drawing import POCKET, asked, opened, pixels, run_chain

pytestmark = pytest.mark.django_db(transaction=True)


def refined(owner, base: Image.Image, **inputs) -> Image.Image:
    return run_chain(_asked(owner, base, **inputs), "refine")


def _asked(owner, base: Image.Image, **inputs):
    inputs = {"num_inference_steps": 20, **inputs}
    return asked(owner, refine_workflow(**POCKET), base_image=uploaded(owner, base), **inputs)


def sharpness(image: Image.Image) -> float:
    """Variance of the Laplacian: how much there is of edges."""
    grey = np.asarray(image.convert("L")).astype(np.float32)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def soft_shapes() -> Image.Image:
    """Shapes as the pocket model draws them: with edges a few pixels wide."""
    return circle_and_square().filter(ImageFilter.GaussianBlur(0.7))


def test_twice_as_large_and_sharper_than_a_bicubic_enlargement(owner, pocket):
    base = soft_shapes()
    image = refined(owner, base)
    bicubic = base.resize((256, 256), Image.Resampling.BICUBIC)
    assert (image.size, image.mode) == ((256, 256), "RGB")
    assert sharpness(image) > 1.2 * sharpness(bicubic)
    assert np.abs(pixels(image) - pixels(bicubic)).mean() < 6, "it is still the same picture"


def test_four_times_as_large_with_transparency(owner, pocket):
    base = soft_shapes().crop((0, 32, 61, 96))
    base.putalpha(Image.linear_gradient("L").resize(base.size))
    image = refined(owner, base, scale=4)
    assert (image.size, image.mode) == ((244, 256), "RGBA")
    assert image.getchannel("A").getextrema() == base.getchannel("A").getextrema()
    assert sharpness(image) > sharpness(base.resize(image.size, Image.Resampling.BICUBIC))


def test_no_seam_is_seen_where_tiles_meet(owner, pocket):
    """On a smooth picture: what the model changed steps no more across the seams than elsewhere."""
    ramp = np.linspace(0, 1, 128)[None, :, None] * (40, 20, -60) + np.array([60, 90, 200])
    base = Image.fromarray(np.broadcast_to(ramp, (128, 128, 3)).round().astype(np.uint8))
    image = refined(owner, base, prompt="")
    change = pixels(image) - pixels(base.resize(image.size, Image.Resampling.LANCZOS))
    layout = grid(256, 256, tile=128, overlap=16)
    for axis, seams in ((1, layout.columns), (0, layout.rows)):
        steps = np.abs(np.diff(change, axis=axis)).mean(axis=(1 - axis, 2))
        at_seam = np.zeros(len(steps), bool)
        for first, second in zip(seams.starts, seams.starts[1:], strict=False):
            middle = (first + 128 + second) // 2
            at_seam[middle - 8 : middle + 8] = True
        assert steps[at_seam].mean() < 1.5 * steps[~at_seam].mean() + 0.1, (axis, steps.round(2).tolist())


def test_everything_is_recorded(owner, pocket):
    generation = _asked(owner, soft_shapes().crop((0, 0, 64, 64)), num_inference_steps=4)
    image = run_chain(generation, "refine")
    prediction = generation.predictions.get()
    refine = Refine.objects.get(prediction=prediction)
    assert (refine.scale, refine.width, refine.tile_size, refine.overlap) == (2, 128, 128, 16)
    assert (refine.strength, refine.seed, refine.face_detail, refine.face_strength) == (0.25, 3, False, None)
    record = prediction.provenance
    assert (record["mode"], record["width"], record["seed"]) == ("refine", 128, 3)
    assert record["extra"]["refine"]["tiles"] == 1 and record["checkpoint"]["sha256"]
    assert record_of(image) == record


def test_a_replay_gives_the_same_pixels_and_its_own_record(owner, pocket):
    base = soft_shapes().crop((0, 0, 80, 80))
    generation = _asked(owner, base, num_inference_steps=4)
    first = run_chain(generation, "refine")
    again = generation_replay(generation.predictions.get()).generation
    assert np.array_equal(pixels(run_chain(again, "refine")), pixels(first))
    assert Refine.objects.get(prediction__generation=again).strength == 0.25


def test_faces_follow_in_a_chain_and_only_the_last_picture_is_delivered(owner, pocket):
    portrait = Image.fromarray(data.astronaut()).crop((128, 20, 320, 212))
    generation = _asked(owner, portrait, num_inference_steps=4, face_detail=True)
    image = run_chain(generation, "refine", "face_fix")
    first, second = generation.tasks.order_by("step")
    record = generation.predictions.get().provenance
    assert image.size == (384, 384)
    assert (record["faces"], record["extra"]["face_fix"]["before"]["mode"]) == (1, "refine")
    assert not np.array_equal(pixels(opened(first.assets.get())), pixels(image))
    assert list(generation.predictions.get().outputs.all()) == [second.assets.get()]


def test_progress_runs_across_all_tiles_and_a_cancel_between_two_of_them_stores_nothing(owner, pocket):
    generation = _asked(owner, soft_shapes(), num_inference_steps=4)
    heard = []
    before = Asset.objects.count()

    def after_five_steps() -> bool:
        return len(heard) >= 5

    with pytest.raises(Canceled):
        processor_for("refine").run(generation.tasks.get(), heard.append, after_five_steps)
    assert [(event.step, event.steps) for event in heard] == [(number, 9) for number in range(1, 6)]
    assert heard[0].preview()[0].size == (128, 128)
    assert Asset.objects.count() == before
