"""PNG files carry the record of how they were made."""

import io

import pytest
from PIL import Image

from gpu.errors import InvalidRequest
from gpu.images import png_bytes, read_provenance

RECORD = {
    "prompt": "ein größerer Kreis 🙂",
    "seed": 2**63 - 1,
    "num_inference_steps": 20,
    "extra": {"a": [1]},
}


def test_the_record_comes_back_as_it_went_in():
    image = Image.radial_gradient("L").convert("RGB")
    data = png_bytes(image, RECORD)
    assert read_provenance(data) == RECORD
    assert Image.open(io.BytesIO(data)).tobytes() == image.tobytes()


def test_other_tools_find_a_readable_line():
    text = Image.open(io.BytesIO(png_bytes(Image.new("RGB", (8, 8)), RECORD))).text["parameters"]
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
        read_provenance(png_bytes(Image.new("RGB", (64, 64)), RECORD)[:cut])
