"""Drawing part of a picture anew, at exactly its size, with nothing else changed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from gpu.errors import Canceled, Decision, GpuError
from gpu.masks import Mask, binary, digest, is_empty, merged, padded, plain, whole
from gpu.provenance import public_name
from gpu.requests import InferenceRequest, PipelineMode, StepEvent, drawable_size
from strategies.params import AreaParams, DrawingParams

from .generators import get_generator
from .keys import pipeline_key
from .regions import region_finder
from .sources import adapter, picture
from .weights import model_source

OnStep = Callable[[StepEvent], None]
ShouldCancel = Callable[[], bool]


class UnusableMask(GpuError):
    """The mask does not belong to the picture, or marks nothing."""

    code = "unusable_mask"
    decision = Decision.CALLER


@dataclass(frozen=True, slots=True)
class Redrawn:
    """The new picture, the record of how it was made, and seconds by phase."""

    image: Image.Image
    provenance: dict[str, Any]
    timings: dict[str, float]


def stop_if(should_cancel: ShouldCancel) -> None:
    """Raises: Canceled."""
    if should_cancel():
        raise Canceled


def area_of(params: AreaParams, base: Image.Image) -> Mask:
    """What is to be drawn anew in the base image. Raises: InputGone, UnusableMask, RegionNotFound."""
    if params.region is not None:
        return region_finder(params.region_finder).find(base, params.region)
    if params.mask is None:
        return whole(base.size)
    mask = binary(picture(params.mask))
    if mask.size != base.size:
        raise UnusableMask("The mask is not as large as the base image; send one of the same size.")
    if is_empty(mask):
        raise UnusableMask("The mask is black all over; paint white what is to be drawn anew.")
    return mask


def area_record(params: AreaParams, mask: Mask) -> dict[str, Any]:
    """What a picture's record says of the area."""
    return {
        "base_image": str(params.base_image),
        "region": params.region,
        "region_finder": _finder_name(params) if params.region is not None else None,
        "mask_sha256": digest(mask),
        "mask_box": mask.getbbox(),
    }


def _finder_name(params: AreaParams) -> str:
    """Of a path only the last part, because pictures leave this machine."""
    return "shapes" if params.region_finder is None else public_name(model_source(params.region_finder))


def redraw(
    params: DrawingParams,
    image: Image.Image,
    mask: Mask,
    *,
    strength: float,
    record: dict[str, Any],
    on_step: OnStep,
    should_cancel: ShouldCancel,
) -> Redrawn:
    """`image` with what the mask marks drawn anew, and everything else as it was, bit for bit.

    A model draws in steps of eight pixels: the picture is padded for it and cut back afterwards.
    Raises: gpu.errors.GpuError, gpu.errors.Canceled.
    """
    size = drawable_size(*image.size)
    request = InferenceRequest(
        key=pipeline_key(params, PipelineMode.INPAINT),
        prompts=(params.prompt,),
        negative_prompts=(params.negative_prompt,) if params.negative_prompt else (),
        seeds=(params.seed,),
        width=size[0],
        height=size[1],
        num_inference_steps=params.num_inference_steps,
        guidance_scale=params.guidance_scale,
        scheduler=params.scheduler,
        image=padded(image.convert("RGB"), size),
        mask=padded(mask, size),
        strength=strength,
        adapters=tuple(adapter(lora) for lora in params.loras),
        provenance={**params.provenance, **record},
    )
    result = get_generator(params.generator).generate(request, on_step, should_cancel)
    drawn = result.images[0].crop((0, 0, *image.size))
    return Redrawn(merged(plain(image), drawn, mask), result.provenance[0], dict(result.timings))
