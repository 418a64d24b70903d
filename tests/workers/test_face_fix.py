"""Faces drawn again in a real photograph, through the processor with the pocket models."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from gpu.faces import crop_around, find_faces
from tests.factories import face_workflow, uploaded
from tests.pictures import circle_and_square

from .drawing import POCKET, asked, opened, pixels, run_chain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("pocket")]


def fixed(owner, base: Image.Image, **inputs):
    generation = asked(owner, face_workflow(**POCKET), base_image=uploaded(owner, base), **inputs)
    return run_chain(generation, "face_fix"), generation


def test_a_face_is_redrawn_and_everything_outside_its_crop_stays_bit_for_bit(owner, pocket):
    base = Image.fromarray(data.astronaut())
    image, generation = fixed(owner, base, strength=0.5)
    (face,) = find_faces(base)
    left, top, right, bottom = crop_around(face, base.size)
    changed = (pixels(image) != pixels(base)).any(-1)
    inside = np.zeros_like(changed)
    inside[top:bottom, left:right] = True
    assert not changed[~inside].any()
    core = np.abs(pixels(image) - pixels(base))[
        face.top : face.top + face.height, face.left : face.left + face.width
    ]
    assert core.mean() > 4
    record = generation.predictions.get().provenance
    assert (record["mode"], record["faces"], record["width"]) == ("face_fix", 1, 512)
    assert record["extra"]["face_fix"]["boxes"] == [face.record()]


def test_a_stronger_fix_changes_more(owner, pocket):
    base = Image.fromarray(data.astronaut()).crop((128, 20, 320, 212))
    weak, strong = (
        np.abs(pixels(fixed(owner, base, strength=each)[0]) - pixels(base)).sum() for each in (0.2, 0.9)
    )
    assert weak < strong


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_picture_without_a_face_comes_back_unchanged_and_says_so(owner, mode):
    base = circle_and_square((130, 70)).convert(mode)
    image, generation = fixed(owner, base)
    prediction, task = generation.predictions.get(), generation.tasks.get()
    assert (image.mode, image.tobytes()) == (mode, base.tobytes())
    assert prediction.logs.startswith("faces: 0\n")
    assert (prediction.provenance["faces"], task.result["faces"]) == (0, 0)
    assert opened(prediction.outputs.get()).size == (130, 70)
