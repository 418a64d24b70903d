"""What a processor made, before and after its files are written; their rows come with the status."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image

from gpu.images import PNG, Encoding, encoded
from strategies.models import Asset, Task
from strategies.outcome import Outcome, Output


@dataclass(frozen=True, slots=True)
class Draft:
    """A file of a task that is still to be encoded and stored; `size` is its width and height in pixels."""

    task: Task
    index: int
    content_type: str
    size: tuple[int, int]
    data: Callable[[], bytes]

    def stored(self) -> Asset:
        """Encode, hash and store it. The row is not saved."""
        data = self.data()
        asset = Asset(
            owner_id=self.task.owner_id, task_id=self.task.id, index=self.index,
            content_type=self.content_type, width=self.size[0], height=self.size[1], size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )  # fmt: skip
        asset.file.save("", ContentFile(data), save=False)
        return asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Made(Outcome):
    """What came of a task's work before it is written: that needs no device, so the next runs meanwhile."""

    drafts: Sequence[Draft] = ()

    def stored(self) -> Output:
        """Write the files: all of them, or none."""
        assets: list[Asset] = []
        try:
            for draft in self.drafts:
                assets.append(draft.stored())
        except BaseException:
            for asset in assets:
                asset.file.delete(save=False)
            raise
        return Output(assets=assets, **self.beside_files())


def made_of(
    drafts: Sequence[Draft],
    provenance: dict[str, Any],
    timings: Mapping[str, float],
    result: Mapping[str, Any] | None = None,
) -> Made:
    """What came of a task that drew; `timings` are seconds by phase, with `total_s`."""
    return Made(
        drafts=drafts,
        provenance=provenance,
        seconds=timings["total_s"],
        logs="".join(f"{name.removesuffix('_s')}: {seconds:.3f} s\n" for name, seconds in timings.items()),
        result={**(result or {}), "timings": {name: round(value, 4) for name, value in timings.items()}},
    )


def made_picture(
    task: Task,
    image: Image.Image,
    provenance: dict[str, Any],
    timings: Mapping[str, float],
    result: Mapping[str, Any] | None = None,
) -> Made:
    """What came of a task that drew one picture."""
    return made_of([image_draft(task, 0, image, provenance)], provenance, timings, result)


def image_draft(
    task: Task, index: int, image: Image.Image, provenance: Mapping[str, Any], encoding: Encoding = PNG
) -> Draft:
    """A picture that will carry its provenance inside."""
    return Draft(task, index, encoding.content_type, image.size, lambda: encoded(image, provenance, encoding))
