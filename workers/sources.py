"""The pictures and LoRAs that a task works on."""

import io
from uuid import UUID

from PIL import Image

from gpu.errors import Decision, GpuError
from gpu.images import FORMATS
from gpu.requests import Adapter, Control
from strategies.models import Asset, Lora, Task
from strategies.params import ControlParams, LoraParams

from .weights import adapter_path, local_file


class InputGone(GpuError):
    """An input image or LoRA of the task was deleted before it ran."""

    code = "input_gone"
    decision = Decision.CALLER


def picture(asset_id: UUID) -> Image.Image:
    """A stored picture, as its file says. Raises: InputGone."""
    return _opened(Asset.objects.filter(id=asset_id).first())


def picture_before(task: Task) -> Image.Image:
    """What the step before this one made. Raises: InputGone."""
    made = Asset.objects.filter(task__prediction=task.prediction_id, task__step=task.step - 1)
    return _opened(made.order_by("index").first())


def prompt_before(task: Task) -> str:
    """What the step before this one wrote. Raises: InputGone."""
    before = Task.objects.filter(prediction=task.prediction_id, step=task.step - 1).first()
    if before is None or not (before.result or {}).get("prompt"):
        raise InputGone("The step before this one wrote no prompt; ask anew.")
    return before.result["prompt"]


def control(params: ControlParams) -> Control:
    return Control(picture(params.image), params.scale, params.start, params.end, params.preprocessor)


def adapter(params: LoraParams) -> Adapter:
    """Raises: InputGone."""
    if params.location is not None:
        return Adapter(adapter_path(params.location), params.weight, name=params.location)
    lora = Lora.objects.filter(id=params.lora).first()
    if lora is None:
        raise InputGone("The LoRA was deleted before the task ran; upload it again and ask anew.")
    return Adapter(local_file(lora.file), params.weight, name=lora.name)


def _opened(asset: Asset | None) -> Image.Image:
    if asset is None:
        raise InputGone("The input image was deleted before the task ran; upload it again and ask anew.")
    with asset.file.open("rb") as stored:
        return Image.open(io.BytesIO(stored.read()), formats=FORMATS)
