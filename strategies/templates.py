"""Templates of prompts: text with the fields of `FIELDS` in braces, and nothing else in them."""

import re
from collections.abc import Mapping
from string import Formatter

from pydantic_core import PydanticCustomError

FIELDS = ("prompt", "subject", "product", "style", "trigger")
_BEFORE_COMMA = re.compile(r"\s+([,.;])")
_EMPTY_PARTS = re.compile(r"([,;])(?:\s*[,;])+")


def check_template(template: str) -> str:
    """The template itself. Raises: PydanticCustomError, a ValueError, saying what is wrong with it."""
    known = ", ".join(f"{{{field}}}" for field in FIELDS)
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise _bad_template(f"The braces do not match ({error}); the fields are {known}.") from error
    for _, field, format_spec, conversion in parts:
        if field is None:
            continue
        if field not in FIELDS or format_spec or conversion:
            raise _bad_template(f"{{{field}}} is not a field; the fields are {known}.")
    if not template.strip():
        raise _bad_template("The template is empty; write one, or leave it out.")
    return template


def _bad_template(problem: str) -> PydanticCustomError:
    return PydanticCustomError("bad_template", "{problem}", {"problem": problem})


def fill(template: str, words: Mapping[str, str]) -> str:
    """The template with its fields replaced; a field without words leaves no gap.

    Raises: ValueError for a template that `check_template` refuses.
    """
    parts = Formatter().parse(check_template(template))
    text = "".join(literal + (words.get(field, "") if field else "") for literal, field, *_ in parts)
    text = _EMPTY_PARTS.sub(r"\1", _BEFORE_COMMA.sub(r"\1", text))
    return " ".join(text.split()).strip(" ,;")
