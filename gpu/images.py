"""Pictures as files that carry the record of how they were made: PNG, WebP or JPEG."""

import io
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from gpu.errors import InvalidRequest

RECORD_KEY = "atelier"  # of a PNG's text: the full record, JSON
PARAMETERS_KEY = "parameters"  # one readable line, where other tools look for it
FORMATS = ("PNG", "WEBP", "JPEG")
JPEG_QUALITY = 95
_EXIF, _COMMENT, _DESCRIPTION = 0x8769, 0x9286, 0x010E  # the same two in the others: tags of EXIF
_ASCII = b"ASCII\0\0\0"
_COMMENT_BYTES, _DESCRIPTION_CHARACTERS = 50_000, 2_000  # a JPEG has room for 64 kB of EXIF
_HEADER_END = 33  # bytes of a PNG: its signature and its header chunk


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a picture is written.

    `quality` (1 to 100) loses something: of a JPEG it is 95 unless given, of a WebP nothing is lost unless it
    is given, a PNG has none. `level` (0 to 9) is how hard a PNG is compressed.
    """

    format: str = "png"  # one of FORMATS, in lower case
    quality: int | None = None
    level: int = 1  # a third of the time of the usual 6, files a tenth larger

    @property
    def content_type(self) -> str:
        return f"image/{self.format}"


PNG = Encoding()


def encoded(image: Image.Image, provenance: Mapping[str, Any], encoding: Encoding = PNG) -> bytes:
    """The picture as a file with the JSON-able record inside. Other threads run meanwhile."""
    if encoding.format == "png":
        return _png(image, provenance, encoding.level)
    exif, buffer = _exif(provenance), io.BytesIO()
    if encoding.format == "jpeg":
        quality = JPEG_QUALITY if encoding.quality is None else encoding.quality
        image.convert("RGB").save(buffer, "JPEG", quality=quality, exif=exif)
    elif encoding.quality is None:
        image.save(buffer, "WEBP", lossless=True, exact=True, method=0, exif=exif)
    else:
        image.save(buffer, "WEBP", quality=encoding.quality, exif=exif)
    return buffer.getvalue()


def _png(image: Image.Image, provenance: Mapping[str, Any], level: int) -> bytes:
    """By OpenCV: Pillow takes twice as long, and lets no other thread run, such as the one that draws."""
    import cv2  # noqa: PLC0415  only who writes pictures: the web process reads this module too

    pixels = np.asarray(image if image.mode in ("L", "RGBA") else image.convert("RGB"))
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR)
    data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, level])[1].tobytes()
    record = json.dumps(dict(provenance), ensure_ascii=False, sort_keys=True)
    texts = _text(PARAMETERS_KEY, parameters_line(provenance)) + _text(RECORD_KEY, record)
    return data[:_HEADER_END] + texts + data[_HEADER_END:]


def _exif(provenance: Mapping[str, Any]) -> Image.Exif:
    """Without the record where a very long prompt leaves no room for it; the row has it all the same."""
    exif = Image.Exif()
    exif[_DESCRIPTION] = parameters_line(provenance)[:_DESCRIPTION_CHARACTERS]
    record = json.dumps(dict(provenance), sort_keys=True).encode()
    if len(record) <= _COMMENT_BYTES:
        exif.get_ifd(_EXIF)[_COMMENT] = _ASCII + record
    return exif


def _text(key: str, text: str) -> bytes:
    """A chunk of international text, not compressed, as the PNG specification has it."""
    body = b"iTXt" + key.encode() + b"\0" * 5 + text.encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def read_provenance(data: bytes) -> dict[str, Any]:
    """The record inside a file made by `encoded`. Raises `InvalidRequest` if there is none."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            record = record_of(image)
    except (OSError, SyntaxError, ValueError, TypeError) as error:
        raise InvalidRequest(
            "The file is no picture with a provenance record; give one made here."
        ) from error
    if record is None:
        raise InvalidRequest("The picture has no provenance record; give one made here.")
    return record


def record_of(image: Image.Image) -> dict[str, Any] | None:
    """The record that an opened picture carries; None if it was not made here."""
    image.load()  # text keys may follow the pixels
    if image.format == "PNG":
        text = image.info.get(RECORD_KEY)
    else:
        comment = image.getexif().get_ifd(_EXIF).get(_COMMENT, b"")
        text = comment.removeprefix(_ASCII) if comment.startswith(_ASCII) else None
    return json.loads(text) if text else None


def parameters_line(provenance: Mapping[str, Any]) -> str:
    """The line that image tools show: prompt, then settings."""
    settings = {
        "Negative prompt": provenance.get("negative_prompt"),
        "Steps": provenance.get("num_inference_steps"),
        "Sampler": provenance.get("scheduler"),
        "CFG scale": provenance.get("guidance_scale"),
        "Seed": provenance.get("seed"),
        "Size": f"{provenance.get('width')}x{provenance.get('height')}",
    }
    shown = ", ".join(f"{name}: {value}" for name, value in settings.items() if value not in (None, ""))
    return f"{provenance.get('prompt', '')}\n{shown}"
