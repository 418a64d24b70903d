"""What names in the catalogue look like; the database holds the same patterns."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

KEY_PATTERN = r"^[a-z0-9_-]+\Z"
VALUE_PATTERN = r"^[A-Za-z0-9_.:+-]+\Z"  # wider than a key, for values such as 16:9 and 18+


def key_field(max_length: int = 80, *, unique: bool = False) -> models.CharField:
    """A stable name that clients send: lower case letters, digits, underscores and hyphens."""
    message = "Use lower case letters, digits, underscores and hyphens only."
    return models.CharField(
        max_length=max_length, unique=unique, validators=[RegexValidator(KEY_PATTERN, message)]
    )


def value_field() -> models.CharField:
    """An option's value: a key that may also hold capitals, dots, colons and plus signs."""
    message = "Use letters, digits and the signs _ . : + - only."
    return models.CharField(max_length=40, validators=[RegexValidator(VALUE_PATTERN, message)])


def matches(field: str, pattern: str, name: str) -> models.CheckConstraint:
    """The constraint that a column holds the pattern."""
    return models.CheckConstraint(name=name, condition=Q(**{f"{field}__regex": pattern}))


def one_of(field: str, choices: type[models.TextChoices], name: str) -> models.CheckConstraint:
    """The constraint that a column holds one of the choices."""
    return models.CheckConstraint(name=name, condition=Q(**{f"{field}__in": choices.values}))
