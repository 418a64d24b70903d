"""The record of how a picture was made, complete enough to make it again."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gpu.requests import Adapter, Control, InferenceRequest, ModelSource
from gpu.weights import LoraInfo

LIBRARIES = ("torch", "diffusers", "transformers", "peft", "pillow")
Hashes = Mapping[str, str]


def records(
    request: InferenceRequest,
    hashes: Mapping[ModelSource, Hashes],
    loras: Sequence[LoraInfo],
    facts: Mapping[str, Any],
) -> tuple[dict[str, Any], ...]:
    """One JSON-able record per image.

    `hashes` are those of every model of the key; `facts` are what only the run knows: device, dtype, and
    the scheduler and strength that the request may have left open.
    """
    key = request.key

    def model(source: ModelSource) -> dict[str, Any]:
        return {
            "location": public_name(source), "revision": source.revision, "sha256": dict(hashes[source])
        }  # fmt: skip

    shared = {
        "mode": key.mode.value,
        "checkpoint": model(key.checkpoint),
        "vae": model(key.vae) if key.vae else None,
        "refiner": {**model(key.refiner), "start": request.refiner_start} if key.refiner else None,
        "controlnets": [model(source) for source in key.controlnets],
        "controls": [_control(control) for control in request.controls],
        "adapters": [_adapter(adapter, info) for adapter, info in zip(request.adapters, loras, strict=True)],
        "width": request.width,
        "height": request.height,
        "num_inference_steps": request.num_inference_steps,
        "guidance_scale": request.guidance_scale,
        "variant": key.variant,
        "versions": versions(),
        "extra": dict(request.provenance),
        **facts,
    }
    negatives = request.negative_prompts or ("",) * len(request.prompts)
    return tuple(
        {
            "prompt": prompt,
            "negative_prompt": negative,
            "seed": seed,
            "batch_size": len(request.seeds),
            **shared,
        }
        for prompt, negative, seed in zip(request.prompts, negatives, request.seeds, strict=True)
    )


@cache
def versions() -> dict[str, str]:
    """Of the libraries that decide what a picture looks like; finding them takes milliseconds."""
    return {library: version(library) for library in LIBRARIES}


def public_name(source: ModelSource) -> str:
    """A hub id as it is; of a path only the last part, because pictures leave this machine."""
    return source.location if source.revision else Path(source.location).name


def _adapter(adapter: Adapter, info: LoraInfo) -> dict[str, Any]:
    return {
        "name": adapter.name or info.path.stem,
        "file": info.path.name,
        "weight": adapter.weight,
        "sha256": info.sha256,
    }


def _control(control: Control) -> dict[str, Any]:
    return {
        "scale": control.scale,
        "start": control.start,
        "end": control.end,
        "preprocessor": control.preprocessor,
    }
