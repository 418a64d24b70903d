"""A request for each chain of tasks, long enough to be seen at work; Django is not needed to make one."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from PIL import Image
from skimage import data

from tests.pictures import circle_and_square, data_uri, yellow_triangle

STEPS = {"num_inference_steps": 40}
ADJUSTMENTS = {"brightness": 1.1, "contrast": 1.1, "saturation": 1.2, "temperature": 0.2, "sharpness": 1.5}


@dataclass(frozen=True)
class Chain:
    """`POST /v1/generations/{shorthand}` with `inputs` makes tasks of these types, in this order."""

    shorthand: str
    inputs: dict[str, Any]
    task_types: tuple[str, ...]
    pool: str = "gpu"  # that runs them

    @property
    def body(self) -> dict[str, Any]:
        return {"inputs": self.inputs, "seed": 3}


def portrait() -> Image.Image:
    """The astronaut's head and shoulders."""
    return Image.fromarray(data.astronaut()).crop((128, 20, 320, 212))


@cache
def chains() -> dict[str, Chain]:
    """By the name of what is asked for."""
    base = data_uri(circle_and_square())
    reference = {"image": data_uri(yellow_triangle()), "x": 0.25, "y": 0.5, "scale": 0.4}
    return {
        "edit with references": Chain(
            "edit",
            {
                "base_image": base, "region": "the red circle", "reference_images": [reference],
                "prompt": "a yellow triangle and a blue square on a white background",
                "detail_strength": 1.0, **STEPS,
            },
            ("editing", "detail_enhancer"),
        ),
        "refine with faces": Chain(
            "refine",
            {
                "base_image": data_uri(portrait()), "face_detail": True, "strength": 0.1,
                "face_strength": 1.0, **STEPS,
            },
            ("refine", "face_fix"),
        ),
        "background": Chain(
            "background-fix",
            {
                "base_image": base, "prompt": "a red circle and a blue square on a green background", **STEPS,
            },
            ("background_fix",),
        ),
        "video": Chain("video", {"source_image": base, "num_inference_steps": 25}, ("video",)),
        "adjust": Chain(
            "image-adjust",
            {"base_image": data_uri(Image.new("RGB", (3072, 3072), "red")), **ADJUSTMENTS},
            ("image_adjust",),
            pool="light",
        ),
    }  # fmt: skip
