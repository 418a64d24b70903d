"""Pictures as files: PNG bytes that carry the record of how they were made."""

import io
import json
from collections.abc import Mapping
from typing import Any

from PIL import Image, PngImagePlugin

from gpu.errors import InvalidRequest

RECORD_KEY = "atelier"  # the full record, JSON
PARAMETERS_KEY = "parameters"  # one readable line, where other tools look for it
COMPRESS_LEVEL = 1  # 1024x1024: 95 ms instead of 311 ms at the default level


def png_bytes(image: Image.Image, provenance: Mapping[str, Any]) -> bytes:
    """The picture as PNG with the JSON-able record in its text keys. Pixels are stored without loss."""
    text = PngImagePlugin.PngInfo()
    text.add_itxt(PARAMETERS_KEY, parameters_line(provenance))
    text.add_itxt(RECORD_KEY, json.dumps(dict(provenance), ensure_ascii=False, sort_keys=True))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=COMPRESS_LEVEL, pnginfo=text)
    return buffer.getvalue()


def read_provenance(data: bytes) -> dict[str, Any]:
    """The record inside PNG bytes made by `png_bytes`. Raises `InvalidRequest` if there is none."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            image.load()  # text keys may follow the pixels
            record = json.loads(image.info[RECORD_KEY])
    except (OSError, SyntaxError, KeyError, ValueError, TypeError) as error:
        raise InvalidRequest("The file is no PNG with a provenance record; give one made here.") from error
    return record


def record_of(image: Image.Image) -> dict[str, Any] | None:
    """The record that an opened picture carries; None if it was not made here."""
    image.load()  # text keys may follow the pixels
    text = image.info.get(RECORD_KEY)
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
