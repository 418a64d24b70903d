import io
import struct
import zlib

import pytest
from PIL import Image

from strategies.errors import InvalidImage
from strategies.images import clean_image

LOC = ("inputs", "image")


def encoded(image: Image.Image, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def picture(size=(8, 8), mode="RGB") -> Image.Image:
    return Image.new(mode, size, 200 if mode in ("L", "1") else (200, 30, 30, 255)[: len(mode)])


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_the_usual_formats_become_plain_png(form):
    image = clean_image(encoded(picture(), form), loc=LOC)
    assert image.content_type == "image/png"
    assert Image.open(io.BytesIO(image.data)).format == "PNG"
    assert (image.width, image.height) == (8, 8)


def test_metadata_is_dropped_and_orientation_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "camera of a person"
    image = clean_image(encoded(picture((16, 8)), "JPEG", exif=exif), loc=LOC)
    assert (image.width, image.height) == (8, 16)
    assert b"camera of a person" not in image.data
    assert not Image.open(io.BytesIO(image.data)).getexif()


def test_sixteen_bits_of_depth_are_scaled_to_eight():
    deep = Image.new("I;16", (2, 1))
    deep.putpixel((0, 0), 65535), deep.putpixel((1, 0), 20_000)
    image = Image.open(io.BytesIO(clean_image(encoded(deep, "PNG"), loc=LOC).data))
    assert [image.getpixel((x, 0)) for x in (0, 1)] == [255, pytest.approx(78, abs=1)]


def test_transparency_survives():
    image = clean_image(encoded(picture(mode="RGBA"), "PNG"), loc=LOC)
    assert Image.open(io.BytesIO(image.data)).mode == "RGBA"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not_an_image"),
        (encoded(picture(), "TIFF"), "not_an_image"),
        (encoded(picture(), "GIF"), "not_an_image"),
        (encoded(picture((64, 64)), "PNG")[:-40], "corrupt"),
        (encoded(Image.effect_noise((64, 64), 50), "JPEG")[:900], "corrupt"),
    ],
)
def test_what_is_no_whole_picture_is_refused(data, kind):
    with pytest.raises(InvalidImage) as caught:
        clean_image(data, loc=LOC)
    assert caught.value.errors == [{"loc": list(LOC), "msg": "this image cannot be used", "type": kind}]


def test_a_decompression_bomb_is_refused_before_it_is_decoded(settings):
    chunk = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + chunk
    bomb = header + struct.pack(">I", zlib.crc32(b"IHDR" + chunk)) + encoded(picture(), "PNG")[33:]
    with pytest.raises(InvalidImage, match="pixels"):
        clean_image(bomb, loc=LOC)


def test_an_oversized_file_is_refused(settings):
    settings.ASSET_MAX_BYTES = 1000
    with pytest.raises(InvalidImage, match="larger than"):
        clean_image(b"x" * 1001, loc=LOC)
