"""Reading JSON bodies: strictly, bounded, and with nothing in them that PostgreSQL could not keep."""

import codecs
import json
import math
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from strategies.errors import Problem

from .problems import Refused

MAX_DEPTH = 32
MAX_VALUES = 100_000  # in one body: checking them takes a tenth of a second
SURROGATE = re.compile("[\ud800-\udfff]")
Loc = tuple[str | int, ...]


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 has it: no NaN, no name twice in an object."""

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(self, stream, media_type=None, parser_context=None) -> Any:
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        try:
            text = body.removeprefix(codecs.BOM_UTF8).decode()
            document = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is not valid JSON: {error}.") from None
        if problems := list(_unusable(document)):
            raise Refused("invalid_request", "The body holds values that cannot be kept.", errors=problems)
        return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name is given twice in one object")
    return document


def _unusable(document: Any) -> Iterator[Problem]:
    """What is JSON but cannot be kept: NUL, lone surrogates, numbers beyond a double, too much of it."""
    waiting: list[tuple[Loc, Any]] = [((), document)]
    left = MAX_VALUES
    while waiting:
        loc, value = waiting.pop()
        left -= len(value) if _holds(value) else 0
        if left < 0:
            yield Problem(loc=list(loc), msg=f"More than {MAX_VALUES} values.", type="too_many")
            return
        items = list(value.items() if isinstance(value, dict) else enumerate(value)) if _holds(value) else []
        names = [name for name, _ in items if isinstance(name, str)]
        if reason := next(filter(None, map(_why_not, [value, *names])), ""):
            yield Problem(loc=list(loc), msg=reason, type="not_storable")
        elif items and len(loc) == MAX_DEPTH:
            yield Problem(loc=list(loc), msg=f"Nested more than {MAX_DEPTH} levels deep.", type="too_deep")
        else:
            waiting += [((*loc, name), inner) for name, inner in items]


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list)


def _why_not(value: Any) -> str:
    """Why a single value or name cannot be kept; empty when it can."""
    if isinstance(value, str):
        if "\x00" in value:
            return "Text must not hold NUL characters."
        if SURROGATE.search(value):
            return "Text must not hold lone surrogates."
    if isinstance(value, int | float):
        try:
            return "" if math.isfinite(float(value)) else "The number is too large."
        except OverflowError:
            return "The number is too large."
    return ""
