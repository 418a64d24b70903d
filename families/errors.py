"""What can go wrong in the catalogue: one tree, one stable code per decision a caller can take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One thing wrong with one field, in the shape that problem responses list."""

    loc: Loc
    msg: str
    type: str


class CatalogueError(Exception):
    """A rule of the catalogue says no.

    `code` is stable and for programs; `detail` is a sentence that names the thing and the remedy; `loc` is
    the field at fault; `extra` goes into the answer beside them; `errors` lists single fields.
    """

    code = "catalogue_error"

    def __init__(
        self,
        detail: str,
        *,
        loc: Loc = (),
        extra: Mapping[str, Any] | None = None,
        errors: Sequence[InputProblem] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.loc = loc
        self.extra = dict(extra or {})
        self.errors = list(errors)

    def under(self, *place: str | int) -> Self:
        """The same error about a part of something: `place` is the way to that part."""
        self.loc = (*place, *self.loc)
        self.errors = [replace(problem, loc=(*place, *problem.loc)) for problem in self.errors]
        return self

    def problems(self) -> list[InputProblem]:
        """Every single thing wrong."""
        return self.errors or [InputProblem(self.loc, self.detail, self.code)]


# --- choosing -----------------------------------------------------------------------------------------
class UnknownFamily(CatalogueError):
    code = "unknown_family"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no family “{key}”; the catalogue lists the families.", loc=("family",))


class UnknownWorkflow(CatalogueError):
    code = "unknown_workflow"


class UnknownAxis(CatalogueError):
    code = "unknown_axis"

    def __init__(self, axis: str, *, family: str, known: Sequence[str], field: str) -> None:
        super().__init__(
            f"The family “{family}” has no axis “{axis:.80}”; its axes are: {_listed(known)}.",
            loc=(field, axis),
        )


class UnknownOption(CatalogueError):
    code = "unknown_option"

    def __init__(self, value: object, *, axis: str, known: Sequence[str], field: str) -> None:
        super().__init__(
            f"The axis “{axis}” has no option “{value!s:.80}”; its options are: {_listed(known)}.",
            loc=(field, axis),
        )


class NoMember(CatalogueError):
    """`extra["nearest"]` lists selections that do resolve, the fewest changed picks first."""

    code = "no_member"

    def __init__(self, family: str, selection: Mapping[str, str], nearest: Sequence[dict[str, str]]) -> None:
        super().__init__(
            f"No workflow of the family “{family}” is made for {spelled(selection)}; "
            + ("pick one of the nearest selections." if nearest else "the family has no usable selection."),
            loc=("selection",),
            extra={"nearest": list(nearest)},
        )


class MemberUnavailable(CatalogueError):
    """`extra["reasons"]` says why the one matching workflow cannot run; `extra["nearest"]` as in NoMember."""

    code = "member_unavailable"

    def __init__(self, workflow: str, reasons: Sequence[str], nearest: Sequence[dict[str, str]]) -> None:
        super().__init__(
            f"The selection leads to the workflow “{workflow}”, which {' and '.join(reasons)}.",
            loc=("selection",),
            extra={"reasons": list(reasons), "nearest": list(nearest)},
        )


class InvalidInputs(CatalogueError):
    """`errors` lists every problem of the inputs at once."""

    code = "invalid_inputs"

    def __init__(self, errors: Sequence[InputProblem]) -> None:
        super().__init__(
            "The inputs do not fit the workflow's contract: " + _sentences(errors),
            loc=("inputs",),
            errors=errors,
        )


# --- authoring ----------------------------------------------------------------------------------------
class InvalidFields(CatalogueError):
    """A value that its field cannot hold, whatever the rest of the catalogue says."""

    code = "invalid_fields"

    def __init__(self, errors: Sequence[InputProblem]) -> None:
        super().__init__(_sentences(errors), loc=errors[0].loc, errors=errors)


class InvalidContract(CatalogueError):
    code = "invalid_contract"

    def __init__(self, errors: Sequence[InputProblem]) -> None:
        super().__init__("The contract is not valid: " + _sentences(errors), loc=("contract",), errors=errors)


class InvalidRecipe(CatalogueError):
    """The list of LoRAs or of ControlNets is not spelled as a recipe."""

    code = "invalid_recipe"

    def __init__(self, field: str, errors: Sequence[InputProblem]) -> None:
        super().__init__(f"The {field} are not valid: " + _sentences(errors), loc=(field,), errors=errors)


class UnusableRecipe(CatalogueError):
    """A workflow that is open for requests could not run any; `errors` says why, field by field."""

    code = "invalid_recipe"

    def __init__(self, workflow: str, errors: Sequence[InputProblem]) -> None:
        super().__init__(
            f"The workflow “{workflow}” could not run: " + _sentences(errors),
            loc=errors[0].loc,
            errors=errors,
        )


class DuplicateKey(CatalogueError):
    code = "duplicate_key"


class NameFixed(CatalogueError):
    """What members and clients spell never changes."""

    code = "name_fixed"

    def __init__(self, field: str, stored: str) -> None:
        super().__init__(
            f"The {field} “{stored}” cannot be changed, because members and clients spell it; "
            "make a new one and delete this one.",
            loc=(field,),
        )


class StaleVersion(CatalogueError):
    """Somebody else saved first.

    `extra` has the `expected_version`, the `current_version` and the `changes`, as far as they are known.
    """

    code = "stale_version"

    def __init__(self, what: str, expected: int, *, current: int, changes: Sequence[str]) -> None:
        since = f": {'; '.join(changes)}" if changes else ""
        super().__init__(
            f"The {what} was changed meanwhile{since}. You have seen version {expected}, now it is "
            f"at {current}; nothing of yours was saved: look at it again.",
            loc=("version",),
            extra={"expected_version": expected, "current_version": current, "changes": list(changes)},
        )


class IncompleteTuple(CatalogueError):
    code = "incomplete_tuple"


class DuplicateTuple(CatalogueError):
    """`extra["workflow"]` is the key of the member that already has the tuple."""

    code = "duplicate_tuple"


class WorkflowAlreadyMember(CatalogueError):
    code = "workflow_already_member"


class WorkflowUnavailable(CatalogueError):
    """`extra["reasons"]` says what the workflow lacks."""

    code = "workflow_unavailable"


class WorkflowInUse(CatalogueError):
    code = "workflow_in_use"


class AxisInUse(CatalogueError):
    """`extra["members"]` lists the workflow keys of the members that hold the axis."""

    code = "axis_in_use"


class OptionInUse(CatalogueError):
    """`extra["members"]` lists the workflow keys of the members that hold the option."""

    code = "option_in_use"


class InvalidDefault(CatalogueError):
    code = "invalid_default"


class AdultDefault(InvalidDefault):
    """The default selection would resolve to an adult workflow: the starting selection is kept SFW."""


class ToggleOptions(CatalogueError):
    """A toggle has exactly two options."""

    code = "toggle_options"


def spelled(selection: Mapping[str, str]) -> str:
    """A selection as people read it: `model=fast, style=plain`."""
    return ", ".join(f"{axis}={value}" for axis, value in selection.items()) or "the empty selection"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _sentences(errors: Sequence[InputProblem]) -> str:
    return "; ".join(f"{'.'.join(map(str, problem.loc))}: {problem.msg}" for problem in errors)
