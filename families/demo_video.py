"""The demo workflow that sets a picture in motion."""

from typing import Any


def _whole(key: str, label: str, minimum: int, maximum: int, default: int, **more: Any) -> dict[str, Any]:
    bounds = {"minimum": minimum, "maximum": maximum, "default": default, "integer": True}
    return {"key": key, "kind": "number", "label": label, **bounds, **more}


ADVANCED = {"placement": "advanced"}
CONTRACT: dict[str, Any] = {
    "inputs": [
        {"key": "source_image", "kind": "media", "label": "First frame", "required": True},
        _whole("num_frames", "Frames", 2, 8, 8),
        _whole("fps", "Frames per second", 1, 30, 7),
        _whole("motion_bucket_id", "Motion", 0, 255, 127, help="more moves faster"),
        {
            "key": "noise_aug_strength", "kind": "number", "label": "Noise on the first frame",
            "minimum": 0, "maximum": 1, "default": 0.02, **ADVANCED,
        },
        _whole("width", "Width", 64, 128, 64, multiple_of=8, **ADVANCED),
        _whole("height", "Height", 64, 128, 64, multiple_of=8, **ADVANCED),
        _whole("num_inference_steps", "Steps", 1, 25, 2, **ADVANCED),
        {
            "key": "max_guidance_scale", "kind": "number", "label": "Guidance",
            "minimum": 1, "maximum": 3, "default": 1.0, **ADVANCED,
        },
    ],
    "outputs": [{"key": "clip", "kind": "video"}, {"key": "poster", "kind": "image"}],
}  # fmt: skip

WORKFLOWS: dict[str, dict[str, Any]] = {
    "pocket-video": {
        "display_name": "Set a picture in motion",
        "strategy": "video",
        "checkpoint": "pocket:pocket-svd",
        "contract": CONTRACT,
    },
}
