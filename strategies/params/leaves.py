"""What parameters hold, whatever their shape."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from pydantic import BaseModel


def leaves(value: Any, loc: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every plain value inside parameters, with the way to it."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from leaves(getattr(value, name), (*loc, name))
    elif isinstance(value, tuple | list):
        for position, item in enumerate(value):
            yield from leaves(item, (*loc, position))
    else:
        yield loc, value


def ids_in(params: BaseModel) -> set[UUID]:
    """The stored things that parameters name."""
    return {value for _, value in leaves(params) if isinstance(value, UUID)}
