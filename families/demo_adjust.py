"""The demo workflow that adjusts a picture."""

from typing import Any


def _factor(key: str, label: str) -> dict[str, Any]:
    return {
        "key": key, "kind": "number", "label": label, "minimum": 0, "maximum": 4, "default": 1.0,
        "help": "1 leaves it as it is",
    }  # fmt: skip


CONTRACT: dict[str, Any] = {
    "inputs": [
        {"key": "base_image", "kind": "media", "label": "Picture", "required": True},
        _factor("brightness", "Brightness"),
        _factor("contrast", "Contrast"),
        _factor("saturation", "Saturation"),
        {
            "key": "temperature", "kind": "number", "label": "Temperature", "minimum": -1, "maximum": 1,
            "default": 0.0, "help": "above 0 is warmer, below is colder",
        },
        _factor("sharpness", "Sharpness"),
        {
            "key": "rotate", "kind": "number", "label": "Rotate", "minimum": -360, "maximum": 360,
            "default": 0.0, "help": "degrees clockwise",
        },
        {"key": "crop", "kind": "rectangle", "label": "Crop", "placement": "advanced"},
        {"key": "auto_levels", "kind": "toggle", "label": "Auto levels", "default": False},
    ],
    "outputs": [{"key": "image", "kind": "image"}],
}  # fmt: skip

WORKFLOWS: dict[str, dict[str, Any]] = {
    "adjust": {
        "display_name": "Adjust a picture",
        "strategy": "image_adjusting",
        "checkpoint": "",
        "contract": CONTRACT,
    },
}
