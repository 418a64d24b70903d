"""What the rooms above know about a recipe: which names it may use, and whether it could run.

The catalogue knows neither strategies nor models on disk; the rooms that do register their knowledge here
when the process starts.
"""

from collections.abc import Callable, Iterable

from .errors import InputProblem
from .models import Workflow

Check = Callable[[Workflow], Iterable[InputProblem]]
_checks: list[Check] = []
_choices: dict[str, tuple[str, ...]] = {}


def register_check(check: Check) -> None:
    """`check` answers what would keep a workflow from running, each with the field at fault."""
    if check not in _checks:
        _checks.append(check)


def register_choices(field: str, names: Iterable[str]) -> None:
    """The names that a field of a workflow may hold."""
    _choices[field] = tuple(names)


def choices_of(field: str) -> tuple[str, ...]:
    return _choices.get(field, ())


def recipe_problems(workflow: Workflow) -> list[InputProblem]:
    """Everything that would keep a workflow from running: told while it is a draft, refused when it opens."""
    unknown = [
        InputProblem((field,), f"“{value}” is unknown; use one of {', '.join(known)}.", "unknown_name")
        for field, known in _choices.items()
        if (value := getattr(workflow, field)) and value not in known
    ]
    return unknown + [problem for check in _checks for problem in check(workflow)]
