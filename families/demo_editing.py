"""Demo workflows that start from something one has: a subject, or a picture to edit."""

from typing import Any

from .demo_inputs import IMAGE, contract, drawing, mask, number, picture, prompt

BASE = picture("base_image", "Picture")
FINDER = {
    "key": "region_finder",
    "kind": "dropdown",
    "label": "Region finder",
    "options": [{"value": "shapes", "label": "Coloured shapes"}],
    "default": "shapes",
    "placement": "advanced",
}


def _character(key: str, label: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "kind": "character", "label": label, **more}


EDIT_INPUTS = [
    *prompt(),
    BASE,
    {
        "key": "region",
        "kind": "text",
        "label": "What to change",
        "help": "for example: the red circle",
        "max_length": 200,
    },
    mask(over="base_image", help="instead: what is painted is drawn anew"),
    picture(
        "reference_images",
        "Things to put there",
        required=False,
        multiple=True,
        max_items=4,
        help="each with an x, y and scale if you like",
    ),
    {
        "key": "strength",
        "kind": "number",
        "label": "Strength",
        "help": "what suits the task, unless given",
        "minimum": 0,
        "maximum": 1,
        "placement": "advanced",
    },
    number("detail_strength", "Strength of the second pass", 0, 1, 0.3),
    FINDER,
    *drawing(),
]
BACKGROUND_INPUTS = [
    *prompt(required=False),
    BASE,
    {
        "key": "color",
        "kind": "text",
        "label": "Colour",
        "help": "instead of a prompt: #1e90ff or dodgerblue",
        "max_length": 40,
    },
    {"key": "transparent", "kind": "toggle", "label": "Transparent", "default": False},
    number("feather", "Feather in pixels", 0, 64, 0, integer=True),
    *drawing(),
]

WORKFLOWS: dict[str, dict[str, Any]] = {
    "pocket-subject": {
        "display_name": "Draw a subject of yours",
        "strategy": "subject_generate",
        "contract": contract(
            _character("subject", "Subject", required=True),
            _character("product", "Product"),
            _character("style", "Style"),
        ),
    },
    "pocket-edit": {
        "display_name": "Change part of a picture",
        "strategy": "editing",
        "contract": {"inputs": EDIT_INPUTS, "outputs": IMAGE},
    },
    "pocket-background": {
        "display_name": "Another background",
        "strategy": "background_fixing",
        "contract": {"inputs": BACKGROUND_INPUTS, "outputs": IMAGE},
    },
}
