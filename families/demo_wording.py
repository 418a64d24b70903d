"""The inputs with which a prompt is written: of a template and the words for it, or by a language model."""

from typing import Any

WORDING: tuple[dict[str, Any], ...] = (
    {"key": "subject", "kind": "character", "label": "Subject"},
    {"key": "product", "kind": "character", "label": "Product"},
    {"key": "style", "kind": "character", "label": "Style"},
    {
        "key": "prompt_template",
        "kind": "text",
        "label": "Template",
        "help": "with {prompt}, {subject}, {product}, {style} or {trigger}, for example: {prompt}, {style}",
        "max_length": 2000,
        "placement": "advanced",
    },
    {
        "key": "generate_prompt",
        "kind": "toggle",
        "label": "Let a language model write it out",
        "placement": "advanced",
    },
)
