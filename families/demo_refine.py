"""Demo workflows that improve a picture one has: larger, and its faces."""

from typing import Any

from .demo_inputs import IMAGE, drawing, number, picture, prompt

TILE = number("tile_size", "Tile in pixels", 64, 256, 128, multiple_of=8, integer=True)
SCALE = number("scale", "How many times larger", 2, 4, 2, multiple_of=2, integer=True, placement="main")
FACE_DETAIL = {"key": "face_detail", "kind": "toggle", "label": "Redraw faces as well", "default": False}
BASE = picture("base_image", "Picture")

WORKFLOWS: dict[str, dict[str, Any]] = {
    "pocket-refine": {
        "display_name": "Enlarge a picture",
        "strategy": "refine",
        "contract": {
            "inputs": [
                *prompt(required=False), BASE, SCALE, FACE_DETAIL,
                number("strength", "Strength", 0.05, 1, 0.25),
                number("face_strength", "Strength on faces", 0.05, 1, 0.35),
                TILE, *drawing(),
            ],
            "outputs": IMAGE,
        },
    },
    "pocket-face-fix": {
        "display_name": "Redraw faces",
        "strategy": "face_fixing",
        "contract": {
            "inputs": [
                *prompt(required=False), BASE,
                number("strength", "Strength", 0.05, 1, 0.4, placement="main"),
                TILE, *drawing(),
            ],
            "outputs": IMAGE,
        },
    },
}  # fmt: skip
