"""What a worker would do, done by hand."""

import hashlib
import io

from django.core.files.base import ContentFile
from PIL import Image

from strategies import lifecycle
from strategies.lifecycle import Claim, Failure, Output
from strategies.models import Asset


def png(colour: str = "red", size: int = 16) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(buffer, "PNG")
    return buffer.getvalue()


def claim() -> Claim:
    held = lifecycle.claim(queue="generation", worker="gpu@test", device="cpu", lease_seconds=60)
    assert held is not None
    return held


def finish(held: Claim | None = None) -> Asset:
    """The best waiting task ends with a picture."""
    held = held or claim()
    data = png()
    asset = Asset(
        owner=held.task.owner,
        task=held.task,
        content_type="image/png",
        width=16,
        height=16,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    asset.file.save("", ContentFile(data), save=False)
    assert lifecycle.succeed(held, Output(assets=[asset], provenance={"seed": 7}, seconds=0.5))
    return asset


def fail(code: str = "broken_output") -> None:
    assert lifecycle.fail(claim(), Failure(code, "The model computed NaN.", retryable=False))
