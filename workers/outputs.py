"""From what a processor made to stored files: their rows come with the status, or the files go again."""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image

from gpu.images import png_bytes
from strategies.models import Asset, Task


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
