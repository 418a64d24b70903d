"""How many images of a workflow one call should draw on this device: measured, never guessed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from families.contract import parse_contract
from families.models import Workflow
from gpu.errors import OutOfMemory
from gpu.requests import Adapter, InferenceRequest, PipelineKey
from strategies.authored import checkpoint_of, refiner_of, vae_of
from strategies.batching import model_name
from strategies.inputs import TextToImageInputs, parse_inputs
from strategies.models import BatchLimit
from strategies.text_to_image import TextToImage

from .generators.generator import ImageGenerator
from .generators.local_sdxl import LocalSdxl
from .weights import adapter_path, model_source

PAYS = 1.03  # images a second, against fewer in a call: less is noise
RUNS = 2  # of each size of call; the faster one counts
PROMPT = "a red circle on a blue background"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a limit is for, and a request of one such image."""

    model: str
    request: InferenceRequest

    def __str__(self) -> str:
        one = self.request
        return f"{self.model} {one.width}x{one.height}, {one.num_inference_steps} steps"


def candidates() -> list[Workflow]:
    """Published workflows that draw from a prompt alone on a device of ours."""
    rows = Workflow.objects.filter(
        state=Workflow.State.PUBLISHED, generator=LocalSdxl.name, strategy=TextToImage.name, controlnets=[]
    )
    return list(rows.exclude(checkpoint="").order_by("key"))


def shape_of(workflow: Workflow, size: tuple[int, int] | None, steps: int | None) -> Shape:
    """A workflow's picture as its contract has it, or in another size or number of steps.

    Raises: strategies.errors.InvalidInputs, gpu.errors.GpuError.
    """
    defaults = parse_contract(workflow.contract).preview_inputs({})
    inputs = parse_inputs(TextToImageInputs, {**defaults, "prompt": PROMPT})
    width, height = size or inputs.size
    checkpoint, vae, refiner = checkpoint_of(workflow), vae_of(workflow), refiner_of(workflow)
    assert checkpoint is not None, "candidates have one"
    request = InferenceRequest(
        key=PipelineKey(
            model_source(checkpoint),
            vae=model_source(vae) if vae else None,
            refiner=model_source(refiner) if refiner else None,
        ),
        prompts=(PROMPT,),
        seeds=(0,),
        width=width,
        height=height,
        num_inference_steps=steps or inputs.num_inference_steps,
        guidance_scale=inputs.guidance_scale,
        scheduler=inputs.scheduler or workflow.scheduler or None,
        adapters=tuple(Adapter(adapter_path(each["lora"]), each["weight"]) for each in workflow.loras),
        refiner_start=workflow.refiner_start,
    )
    return Shape(model_name(checkpoint), request)


def rates(generator: ImageGenerator, request: InferenceRequest, most: int) -> dict[int, float]:
    """Images in a call → images a second, doubling until memory or `most` is reached, or more do not pay."""
    measured: dict[int, float] = {}
    images = 1
    while images <= most:
        call = replace(request, prompts=request.prompts * images, seeds=tuple(range(images)))
        try:
            if not measured:
                _seconds(generator, call)  # loads the model
            measured[images] = images / min(_seconds(generator, call) for _ in range(RUNS))
        except OutOfMemory:
            break
        if images > 1 and measured[images] < PAYS * measured[images // 2]:
            break
        images *= 2
    return measured


def best(measured: Mapping[int, float]) -> int:
    """The largest call that draws clearly faster than half of it would; never one that draws slower."""
    chosen = 1
    for images, rate in sorted(measured.items()):
        if rate >= PAYS * measured.get(chosen, rate):
            chosen = images
    return chosen


def store(pool: str, shape: Shape, measured: Mapping[int, float]) -> BatchLimit:
    """Write what was measured as the pool's limit, instead of what was known before."""
    one = shape.request
    limit, _ = BatchLimit.objects.update_or_create(
        pool=pool, model=shape.model, width=one.width, height=one.height, steps=one.num_inference_steps,
        defaults={
            "images": best(measured),
            "measured": {str(images): round(rate, 4) for images, rate in measured.items()},
        },
    )  # fmt: skip
    return limit


def _seconds(generator: ImageGenerator, request: InferenceRequest) -> float:
    began = time.perf_counter()
    generator.generate(request, lambda _: None, lambda: False)
    return time.perf_counter() - began
