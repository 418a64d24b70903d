import numpy as np
import pytest
from PIL import Image
from skimage import data

from gpu.faces import Face, coverage, crop_around, find_faces, lay_back
from tests.pictures import circle_and_square


@pytest.fixture
def astronaut() -> Image.Image:
    return Image.fromarray(data.astronaut())


def test_the_astronauts_face_is_found_at_any_size(astronaut):
    for scale in (0.5, 1, 4):
        (face,) = find_faces(astronaut.resize((round(512 * scale),) * 2))
        x, y = face.left + face.width / 2, face.top + face.height / 2
        assert abs(x / scale - 224) < 12 and abs(y / scale - 115) < 12


@pytest.mark.parametrize(
    "picture", [data.coffee(), data.chelsea(), data.rocket()], ids=["cup", "cat", "rocket"]
)
def test_there_is_no_face_in_things_and_cats(picture):
    assert find_faces(Image.fromarray(picture)) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (128, 128)])
def test_a_picture_without_room_for_a_face_has_none(size):
    assert find_faces(circle_and_square(size)) == []


@pytest.mark.parametrize("face", [Face(0, 0, 40, 40), Face(170, 60, 30, 30), Face(60, 20, 90, 90)])
def test_a_crop_is_a_square_inside_the_picture_that_holds_the_face(face):
    left, top, right, bottom = crop_around(face, (200, 120))
    assert right - left == bottom - top
    assert 0 <= left <= face.left and face.left + face.width <= right <= 200
    assert 0 <= top <= face.top and face.top + face.height <= bottom <= 120


def test_a_redrawn_face_shows_in_full_and_fades_to_nothing_at_the_rim_of_its_crop():
    face = Face(50, 50, 60, 60)
    box = crop_around(face, (200, 200))
    mask = np.asarray(coverage(face, box))
    assert mask[54, 54] == 255
    assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) <= 1
    assert np.abs(np.diff(mask.astype(int), axis=1)).max() < 30, "no visible rim"


def test_laying_back_changes_nothing_outside_the_crop_and_no_transparency(astronaut):
    astronaut.putalpha(Image.linear_gradient("L").resize(astronaut.size))
    before = np.asarray(astronaut.copy())
    face = Face(178, 69, 92, 92)
    box = crop_around(face, astronaut.size)
    lay_back(astronaut, face, box, Image.new("RGB", (128, 128), (0, 255, 0)))
    after = np.asarray(astronaut)
    changed = (before != after).any(-1)
    rows, columns = np.nonzero(changed)
    assert box[0] <= columns.min() and columns.max() < box[2] and box[1] <= rows.min() and rows.max() < box[3]
    assert np.array_equal(before[..., 3], after[..., 3])
    assert (after[115, 224, :3] == (0, 255, 0)).all()
