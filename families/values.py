"""Whether one value fits one input: a checker per kind, which returns the value made canonical.

A checker reports everything it dislikes to a `Problems` list and never raises.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Protocol

from .errors import InputProblem, Loc


class Problems:
    """What is wrong, collected; `at` gives a view of the same list one level deeper."""

    def __init__(self, loc: Loc = (), found: list[InputProblem] | None = None) -> None:
        self._loc = loc
        self._found = [] if found is None else found

    def at(self, *path: str | int) -> "Problems":
        return Problems((*self._loc, *path), self._found)

    def add(self, msg: str, kind: str) -> None:
        self._found.append(InputProblem(self._loc, msg, kind))

    def __iter__(self) -> Iterator[InputProblem]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class _Choice(Protocol):
    @property
    def value(self) -> str: ...


class Spec(Protocol):
    """What a checker reads of an input's specification."""

    @property
    def minimum(self) -> int | float | None: ...
    @property
    def maximum(self) -> int | float | None: ...
    @property
    def multiple_of(self) -> int | float | None: ...
    @property
    def integer(self) -> bool: ...
    @property
    def max_length(self) -> int | None: ...
    @property
    def options(self) -> tuple[_Choice, ...]: ...
    @property
    def multiple(self) -> bool: ...
    @property
    def max_items(self) -> int | None: ...


PICTURE_NUMBERS = ("scale", "start", "end", "x", "y")
Checker = Callable[[Spec, Any, Problems], Any]


def check_string(spec: Spec, value: Any, problems: Problems) -> Any:
    if not isinstance(value, str):
        problems.add("must be a string", "string_type")
    elif not is_storable(value):
        problems.add("holds a character that cannot be stored", "string_unicode")
    elif spec.max_length is not None and len(value) > spec.max_length:
        problems.add(f"is longer than {spec.max_length} characters", "string_too_long")
    return value


def check_number(spec: Spec, value: Any, problems: Problems) -> Any:
    if not _is_finite_number(value, problems):
        return value
    if spec.integer:
        if value != int(value):
            problems.add("must be a whole number", "int_type")
            return value
        value = int(value)
    if spec.minimum is not None and value < spec.minimum:
        problems.add(f"must be at least {spec.minimum}", "greater_than_equal")
    if spec.maximum is not None and value > spec.maximum:
        problems.add(f"must be at most {spec.maximum}", "less_than_equal")
    if spec.multiple_of is not None and _exact(value) % _exact(spec.multiple_of):
        problems.add(f"must be a multiple of {spec.multiple_of}", "multiple_of")
    return value


def check_toggle(spec: Spec, value: Any, problems: Problems) -> Any:
    if not isinstance(value, bool):
        problems.add("must be true or false", "bool_type")
    return value


def check_choice(spec: Spec, value: Any, problems: Problems) -> Any:
    values = [option.value for option in spec.options]
    if value not in values:
        problems.add(f"must be one of {', '.join(values)}", "unknown_option")
    return value


def check_media(spec: Spec, value: Any, problems: Problems) -> Any:
    """A reference to a picture, or a list of them; what it refers to is looked up elsewhere."""
    if not spec.multiple:
        return check_string(spec, value, problems)
    return _each(spec, value, problems, _check_picture)


def check_lora(spec: Spec, value: Any, problems: Problems) -> Any:
    if not spec.multiple:
        return _check_lora_use(spec, value, problems)
    return _each(spec, value, problems, _check_lora_use)


def check_rectangle(spec: Spec, value: Any, problems: Problems) -> Any:
    """`{left, top, width, height}` in whole pixels; whether a picture holds it is known elsewhere."""
    if not isinstance(value, Mapping):
        problems.add("must be an object {left, top, width, height}", "object_type")
        return value
    least = {"left": 0, "top": 0, "width": 1, "height": 1}
    for key in value:
        if key not in least:
            problems.at(key).add(f"is unknown here ({', '.join(least)})", "extra_forbidden")
    for key, minimum in least.items():
        number = value.get(key)
        if key not in value:
            problems.at(key).add("is required", "missing")
        elif isinstance(number, bool) or not isinstance(number, int):
            problems.at(key).add("must be a whole number", "int_type")
        elif number < minimum:
            problems.at(key).add(f"must be at least {minimum}", "greater_than_equal")
    return value


def _each(spec: Spec, value: Any, problems: Problems, check: Checker) -> Any:
    if not isinstance(value, list):
        problems.add("must be a list", "list_type")
        return value
    if spec.max_items is not None and len(value) > spec.max_items:
        problems.add(f"holds more than {spec.max_items} items", "too_many_items")
    return [check(spec, item, problems.at(index)) for index, item in enumerate(value)]


def _check_picture(spec: Spec, value: Any, problems: Problems) -> Any:
    """A reference, or `{image, …}` with numbers: when a picture steers the drawing, or where it is placed."""
    if not isinstance(value, Mapping):
        return check_string(spec, value, problems)
    _check_keys(value, required="image", optional=PICTURE_NUMBERS, problems=problems)
    check_string(spec, value.get("image", ""), problems.at("image"))
    for name in PICTURE_NUMBERS:
        if value.get(name) is not None:
            _is_finite_number(value[name], problems.at(name))
    return value


def _check_lora_use(spec: Spec, value: Any, problems: Problems) -> Any:
    """`{lora, weight?}`; the weight is 1.0 unless said."""
    if not isinstance(value, Mapping):
        problems.add("must be an object {lora, weight}", "object_type")
        return value
    _check_keys(value, required="lora", optional=("weight",), problems=problems)
    check_string(spec, value.get("lora", ""), problems.at("lora"))
    weight = value.get("weight", 1.0)
    _is_finite_number(weight, problems.at("weight"))
    return {**value, "weight": weight}


def _check_keys(
    value: Mapping[str, Any], *, required: str, optional: tuple[str, ...], problems: Problems
) -> None:
    if required not in value:
        problems.at(required).add("is required", "missing")
    for key in value:
        if key not in (required, *optional):
            problems.at(key).add(f"is unknown here ({', '.join((required, *optional))})", "extra_forbidden")


def _is_finite_number(value: Any, problems: Problems) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        problems.add("must be a number", "number_type")
        return False
    # An integer too large for a float is still finite, but math.isfinite cannot say so.
    if isinstance(value, float) and not math.isfinite(value):
        problems.add("must be a finite number", "finite_number")
        return False
    return True


def _exact(value: int | float) -> Fraction:
    """The decimal number as written, so that 0.3 is a multiple of 0.1."""
    return Fraction(value) if isinstance(value, int) else Fraction(repr(value))


def is_storable(text: str) -> bool:
    """Whether PostgreSQL takes the text: JSON may smuggle in zero bytes and halves of surrogate pairs."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


CHECKERS: dict[str, Checker] = {
    "text": check_string,
    "number": check_number,
    "toggle": check_toggle,
    "dropdown": check_choice,
    "aspect_ratio": check_choice,
    "media": check_media,
    "mask": check_string,
    "character": check_string,
    "lora": check_lora,
    "rectangle": check_rectangle,
}
