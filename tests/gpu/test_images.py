"""Files carry the record of how they were made."""

import io

import pytest
from PIL import Image

from gpu.errors import InvalidRequest
from gpu.images import PNG, Encoding, encoded, read_provenance

RECORD = {
    "prompt": "ein größerer Kreis 🙂",
    "seed": 2**63 - 1,
    "num_inference_steps": 20,
    "extra": {"a": [1]},
}


LOSSLESS = [PNG, Encoding("png", level=9), Encoding("webp")]


@pytest.mark.parametrize("encoding", LOSSLESS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_pixels_and_record_come_back_as_they_went_in(encoding, mode):
    image = Image.radial_gradient("L").convert("RGB")
    image = Image.merge("RGB", (image.getchannel(0), image.rotate(90).getchannel(1), image.getchannel(2)))
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L"))
    image = image.convert(mode)
    data = encoded(image, RECORD, encoding)
    opened = Image.open(io.BytesIO(data))
    assert read_provenance(data) == RECORD
    assert f"image/{opened.format.lower()}" == encoding.content_type
    assert opened.convert(mode).tobytes() == image.tobytes()


@pytest.mark.parametrize("form", ["jpeg", "webp"])
def test_a_lower_quality_is_a_smaller_file_with_the_same_record(form):
    image = Image.effect_noise((96, 96), 60).convert("RGBA")
    good, poor = (encoded(image, RECORD, Encoding(form, quality)) for quality in (95, 20))
    assert len(poor) < len(good)
    assert read_provenance(good) == read_provenance(poor) == RECORD


def test_a_higher_level_is_a_smaller_png():
    image = Image.radial_gradient("L").convert("RGB")
    assert len(encoded(image, RECORD, Encoding(level=9))) < len(encoded(image, RECORD))


def test_a_record_that_a_jpeg_has_no_room_for_is_left_out():
    data = encoded(Image.new("RGB", (8, 8)), {"prompt": "🙂" * 10_000}, Encoding("jpeg"))
    with pytest.raises(InvalidRequest, match="provenance"):
        read_provenance(data)


def test_other_tools_find_a_readable_line():
    text = Image.open(io.BytesIO(encoded(Image.new("RGB", (8, 8)), RECORD))).text["parameters"]
    assert text.startswith("ein größerer Kreis 🙂\nSteps: 20")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_from_elsewhere_has_no_record(kind):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, format=kind)
    with pytest.raises(InvalidRequest, match="provenance"):
        read_provenance(buffer.getvalue())


@pytest.mark.parametrize("cut", [0, 20, 60])
def test_a_damaged_file_is_refused(cut):
    with pytest.raises(InvalidRequest):
        read_provenance(encoded(Image.new("RGB", (64, 64)), RECORD)[:cut])
