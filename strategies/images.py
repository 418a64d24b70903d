"""Pictures from outside: bounded, recognised by their content, re-encoded before anything else sees them."""

import hashlib
import io
from dataclasses import dataclass

from django.conf import settings
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import InvalidImage, Problem, one

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_SIDE = 16_384  # pixels


@dataclass(frozen=True, slots=True)
class CleanImage:
    """A picture whose bytes are ours: PNG without metadata."""

    data: bytes
    width: int
    height: int
    sha256: str
    content_type: str = "image/png"


def clean_image(data: bytes, *, loc: tuple[str | int, ...]) -> CleanImage:
    """Decode, turn upright, drop all metadata, encode again.

    Raises: InvalidImage when it is too large, not PNG, JPEG or WebP whatever it calls itself, or broken.
    """
    if len(data) > settings.ASSET_MAX_BYTES:
        limit = settings.ASSET_MAX_BYTES // 2**20
        raise InvalidImage(
            f"The image is larger than {limit} MiB; send a smaller one.", errors=_at(loc, "too_large")
        )
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            _check_size(opened, loc)
            upright = ImageOps.exif_transpose(opened)
            upright.load()
    except Image.DecompressionBombError as error:
        raise InvalidImage(
            "The image has too many pixels; send a smaller one.", errors=_at(loc, "too_large")
        ) from error
    except UnidentifiedImageError as error:
        raise InvalidImage(
            "The file is not a PNG, JPEG or WebP image; convert it first.", errors=_at(loc, "not_an_image")
        ) from error
    except InvalidImage:
        raise
    except Exception as error:  # decoders raise whatever they like at bytes that are damaged on purpose
        raise InvalidImage(
            "The image is damaged or cut short; send it again.", errors=_at(loc, "corrupt")
        ) from error
    return _encoded(upright)


def _check_size(image: Image.Image, loc: tuple[str | int, ...]) -> None:
    width, height = image.size
    if width * height > settings.ASSET_MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise InvalidImage(
            f"The image is {width}×{height}; at most {settings.ASSET_MAX_PIXELS // 10**6} million pixels and "
            f"{MAX_SIDE} on a side are taken.",
            errors=_at(loc, "too_large"),
        )


def _encoded(image: Image.Image) -> CleanImage:
    if image.mode.startswith("I"):  # 16 bits, as depth maps have; Pillow would clip them to 8
        image = image.convert("I").point(lambda level: level / 257).convert("L")
    mode = "L" if image.mode in ("1", "L") else "RGBA" if "A" in image.getbands() else "RGB"
    plain = image.convert(mode)
    plain.info = {}  # Pillow writes EXIF and ICC it finds here
    buffer = io.BytesIO()
    plain.save(buffer, "PNG", compress_level=1)
    data = buffer.getvalue()
    return CleanImage(data, *plain.size, sha256=hashlib.sha256(data).hexdigest())


def _at(loc: tuple[str | int, ...], kind: str) -> list[Problem]:
    return one(loc, "this image cannot be used", kind)
