"""`generation`: from typed parameters to stored pictures."""

import hashlib
import io
from collections.abc import Callable
from uuid import UUID

from django.core.files.base import ContentFile
from PIL import Image

from gpu.errors import Decision, GpuError
from gpu.images import png_bytes
from gpu.requests import (
    Adapter,
    Control,
    InferenceRequest,
    InferenceResult,
    ModelSource,
    PipelineKey,
    PipelineMode,
    StepEvent,
)
from strategies.lifecycle import Output
from strategies.models import Asset, Lora, Task
from strategies.params import ControlParams, GenerationParams, LoraParams, parse

from ..generators import get_generator
from ..weights import adapter_path, local_file, model_source


class InputGone(GpuError):
    """An input image or LoRA of the task was deleted before it ran."""

    code = "input_gone"
    decision = Decision.CALLER


class GenerationProcessor:
    """One prediction per task."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Output:
        params = parse(task.params)
        generator = get_generator(params.generator)
        result = generator.generate(_request(params), on_step, should_cancel)
        return Output(
            assets=[_stored(task, index, image, result) for index, image in enumerate(result.images)],
            provenance=result.provenance[0],
            seconds=result.timings["total_s"],
            logs=_logs(result),
            result={"timings": {name: round(seconds, 4) for name, seconds in result.timings.items()}},
        )


def _request(params: GenerationParams) -> InferenceRequest:
    return InferenceRequest(
        key=_key(params),
        prompts=(params.prompt,),
        negative_prompts=(params.negative_prompt,) if params.negative_prompt else (),
        seeds=(params.seed,),
        width=params.width,
        height=params.height,
        num_inference_steps=params.num_inference_steps,
        guidance_scale=params.guidance_scale,
        scheduler=params.scheduler,
        image=_image(params.image),
        mask=_image(params.mask),
        strength=params.strength,
        controls=tuple(_control(control) for control in params.controls),
        adapters=tuple(_adapter(lora) for lora in params.loras),
        provenance=params.provenance,
    )


def _key(params: GenerationParams) -> PipelineKey:
    mode = PipelineMode.TEXT_TO_IMAGE
    if params.image:
        mode = PipelineMode.INPAINT if params.mask else PipelineMode.IMAGE_TO_IMAGE
    checkpoint = model_source(params.checkpoint) if params.checkpoint else ModelSource("none")
    return PipelineKey(
        checkpoint=checkpoint,
        controlnets=tuple(model_source(control.model) for control in params.controls),
        mode=mode,
    )


def _control(params: ControlParams) -> Control:
    return Control(_picture(params.image), params.scale, params.start, params.end, params.preprocessor)


def _adapter(params: LoraParams) -> Adapter:
    if params.location is not None:
        return Adapter(adapter_path(params.location), params.weight, name=params.location)
    lora = Lora.objects.filter(id=params.lora).first()
    if lora is None:
        raise InputGone("The LoRA was deleted before the task ran; upload it again and ask anew.")
    return Adapter(local_file(lora.file), params.weight, name=lora.name)


def _image(asset: UUID | None) -> Image.Image | None:
    return _picture(asset) if asset else None


def _picture(asset_id: UUID) -> Image.Image:
    asset = Asset.objects.filter(id=asset_id).first()
    if asset is None:
        raise InputGone("The input image was deleted before the task ran; upload it again and ask anew.")
    with asset.file.open("rb") as stored:
        return Image.open(io.BytesIO(stored.read()), formats=("PNG",))


def _stored(task: Task, index: int, image: Image.Image, result: InferenceResult) -> Asset:
    """Write one picture to the storage; its row is inserted with the status, or the file is removed again."""
    data = png_bytes(image, result.provenance[index])
    asset = Asset(
        owner_id=task.owner_id, prediction_id=task.prediction_id, index=index, content_type="image/png",
        width=image.width, height=image.height, size=len(data), sha256=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip
    asset.file.save("", ContentFile(data), save=False)
    return asset


def _logs(result: InferenceResult) -> str:
    return (
        "\n".join(f"{name.removesuffix('_s')}: {seconds:.3f} s" for name, seconds in result.timings.items())
        + "\n"
    )
