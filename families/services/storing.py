"""Saving one row, with the model's own rules told as catalogue errors."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from psycopg.errors import UniqueViolation

from ..errors import DuplicateKey, InputProblem, InvalidFields, NameFixed


def store(row: models.Model, *, name: str) -> None:
    """Check the fields of a row and save it; `name` is the field that names it among its siblings.

    Raises InvalidFields or DuplicateKey.
    """
    relations = {field.name for field in row._meta.fields if field.is_relation}
    try:
        row.clean_fields(exclude=relations)
        with transaction.atomic():
            row.save()
    except ValidationError as error:
        raise InvalidFields(_problems(error)) from error
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        raise DuplicateKey(
            f"The {name} “{getattr(row, name)}” is already taken; choose another.", loc=(name,)
        ) from error


def change(row: models.Model, changes: dict[str, object], *, name: str) -> None:
    """Set the given fields of a row and store it; its name among its siblings stays.

    Raises NameFixed, InvalidFields or DuplicateKey.
    """
    refuse_rename(row, changes, name=name)
    for field, value in changes.items():
        setattr(row, field, value)
    store(row, name=name)


def refuse_rename(row: models.Model, changes: Mapping[str, object], *, name: str) -> None:
    """The same name again changes nothing; another one raises NameFixed."""
    stored = getattr(row, name)
    if changes.get(name, stored) != stored:
        raise NameFixed(name, stored)


def _problems(error: ValidationError) -> list[InputProblem]:
    return [
        InputProblem((field,), message, mistake.code or "invalid")
        for field, mistakes in error.error_dict.items()
        for mistake in mistakes
        for message in mistake.messages
    ]
