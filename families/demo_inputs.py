"""What the contracts of the demo workflows are made of."""

from typing import Any

SCHEDULERS = {
    "euler": "Euler",
    "euler_a": "Euler ancestral",
    "dpmpp_2m": "DPM++ 2M",
    "unipc": "UniPC",
    "ddim": "DDIM",
    "heun": "Heun",
}
IMAGE = [{"key": "image", "kind": "image"}]


def prompt(*, required: bool = True) -> list[dict[str, Any]]:
    """What to draw, and what not."""
    return [
        {
            "key": "prompt",
            "kind": "text",
            "label": "Prompt",
            "help": "for example: a red circle on a blue background",
            "required": required,
            "max_length": 2000,
            "placement": "prompt",
        },
        {
            "key": "negative_prompt",
            "kind": "text",
            "label": "Negative prompt",
            "max_length": 2000,
            "default": "",
            "placement": "advanced",
        },
    ]


def size(key: str, label: str) -> dict[str, Any]:
    return number(key, label, 64, 256, 128, multiple_of=8, integer=True)


def number(
    key: str, label: str, minimum: float, maximum: float, default: float, **more: Any
) -> dict[str, Any]:
    bounds = {"minimum": minimum, "maximum": maximum, "default": default, "placement": "advanced"}
    return {"key": key, "kind": "number", "label": label, **bounds, **more}


def picture(key: str, label: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "kind": "media", "label": label, "required": True, **more}


def mask(*, over: str, **more: Any) -> dict[str, Any]:
    """Where a picture is to change."""
    return {"key": "mask", "kind": "mask", "label": "Mask", "picture": over, **more}


def drawing(steps: int = 20) -> list[dict[str, Any]]:
    """How a pocket workflow draws."""
    schedulers = [{"value": value, "label": label} for value, label in SCHEDULERS.items()]
    return [
        number("num_inference_steps", "Steps", 1, 100, steps, integer=True),
        number("guidance_scale", "Guidance", 0, 15, 3.0),
        {
            "key": "scheduler",
            "kind": "dropdown",
            "label": "Scheduler",
            "options": schedulers,
            "default": "euler",
            "placement": "advanced",
        },
        {
            "key": "loras",
            "kind": "lora",
            "label": "LoRAs",
            "multiple": True,
            "max_items": 4,
            "placement": "advanced",
        },
    ]


def contract(*extra: dict[str, Any], steps: int = 20) -> dict[str, Any]:
    """The contract of a pocket workflow that draws pictures of any size: what they all take, and its own."""
    sizes = (size("width", "Width"), size("height", "Height"))
    return {"inputs": [*prompt(), *extra, *sizes, *drawing(steps)], "outputs": IMAGE}
