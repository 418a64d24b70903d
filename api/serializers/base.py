"""Serializers that refuse what they do not know."""

import math
from functools import cache
from typing import Any, NoReturn, TypeVar

from rest_framework import serializers
from rest_framework.request import Request

MAX_NAMED = 20  # unknown fields that an answer lists
Parsed = TypeVar("Parsed", bound=serializers.Serializer)


class StrictSerializer(serializers.Serializer):
    """A field nobody declared is an error, never ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                message = f"Unknown field; known are {', '.join(self.fields)}."
                raise serializers.ValidationError(
                    dict.fromkeys(unknown[:MAX_NAMED], message), code="unknown_field"
                )
        return super().to_internal_value(data)


class ChoiceField(serializers.ChoiceField):
    """One of a few words; a refusal lists them."""

    default_error_messages = {"invalid_choice": "“{input}” is none of: {known}."}

    def fail(self, key: str, **words: Any) -> NoReturn:
        super().fail(key, known=", ".join(map(str, self.choices)), **words)


class FiniteFloatField(serializers.FloatField):
    """A number that is neither NaN nor infinite, spelled as a number or as text."""

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return value


def parsed(serializer: type[Parsed], request: Request) -> dict[str, Any]:
    """The checked body. Raises: rest_framework.exceptions.ValidationError."""
    return _checker(serializer).run_validation(request.data)


@cache
def _checker(serializer: type[Parsed]) -> Parsed:
    """One for all requests: a serializer copies its fields when it is made, and keeps nothing of a check."""
    return serializer(error_messages={"null": "No data provided"})
