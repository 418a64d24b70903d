"""From what a processor made to stored files: their rows come with the status, or the files go again."""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image

from gpu.images import png_bytes
from strategies.lifecycle import Output
from strategies.models import Asset, Task


def drawn_output(
    task: Task,
    image: Image.Image,
    provenance: dict[str, Any],
    timings: Mapping[str, float],
    result: Mapping[str, Any] | None = None,
) -> Output:
    """What came of a task that made one picture; `timings` are seconds by phase, with `total_s`."""
    return Output(
        assets=[stored_image(task, 0, image, provenance)],
        provenance=provenance,
        seconds=timings["total_s"],
        logs="".join(f"{name.removesuffix('_s')}: {seconds:.3f} s\n" for name, seconds in timings.items()),
        result={**(result or {}), "timings": {name: round(value, 4) for name, value in timings.items()}},
    )


def stored_image(task: Task, index: int, image: Image.Image, provenance: Mapping[str, Any]) -> Asset:
    """A picture as PNG with its provenance inside."""
    data = png_bytes(image, provenance)
    return stored_file(task, index, data, "image/png", image.size)


def stored_file(task: Task, index: int, data: bytes, content_type: str, size: tuple[int, int]) -> Asset:
    """A file of any kind; `size` is its width and height in pixels."""
    asset = Asset(
        owner_id=task.owner_id, task_id=task.id, index=index, content_type=content_type,
        width=size[0], height=size[1], size=len(data), sha256=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip
    asset.file.save("", ContentFile(data), save=False)
    return asset
