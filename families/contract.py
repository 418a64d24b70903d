"""A workflow's contract: which inputs it takes, what it puts out, and whether given inputs fit."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    StrictInt,
    ValidationError,
    model_validator,
)

from .errors import InputProblem, InvalidContract, InvalidInputs
from .values import CHECKERS, Problems, is_storable


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("holds a character that cannot be stored")
    return text


InputKind = Literal[
    "text", "number", "toggle", "dropdown", "aspect_ratio", "media", "mask", "character", "lora", "rectangle"
]  # fmt: skip
Number = StrictInt | Annotated[float, Strict(), AllowInfNan(False)]
Text = Annotated[str, AfterValidator(_storable)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9_-]+\z", max_length=80)]

# Which of the optional constraints mean anything for a kind; any other one is an author's mistake.
CONSTRAINTS_OF: dict[InputKind, frozenset[str]] = {
    "text": frozenset({"max_length"}),
    "number": frozenset({"minimum", "maximum", "multiple_of", "integer"}),
    "toggle": frozenset(),
    "dropdown": frozenset({"options"}),
    "aspect_ratio": frozenset({"options"}),
    "media": frozenset({"multiple", "max_items"}),
    "mask": frozenset({"picture"}),
    "character": frozenset(),
    "lora": frozenset({"multiple", "max_items"}),
    "rectangle": frozenset(),
}
CONSTRAINTS = frozenset().union(*CONSTRAINTS_OF.values())


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Document):
    """One option of a drop-down; without a label its value is shown."""

    value: Annotated[Text, Field(min_length=1, max_length=80)]
    label: Text = ""


class InputSpec(_Document):
    """One typed input. `default` fills in for a missing value; a required input without one must be given.

    `picture` of a mask is the key of the input that it lies over.
    """

    key: Key
    kind: InputKind
    label: Annotated[Text, Field(min_length=1)]
    help: Text = ""
    required: bool = False
    minimum: Number | None = None
    maximum: Number | None = None
    multiple_of: Number | None = None
    integer: bool = False
    max_length: Annotated[int, Field(ge=1)] | None = None
    options: tuple[Choice, ...] = ()
    multiple: bool = False
    max_items: Annotated[int, Field(ge=1)] | None = None
    picture: Key | None = None
    placement: Literal["prompt", "main", "advanced"] = "main"
    default: Any = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        mistakes = [*self._misplaced(), *self._contradictions()]
        if not mistakes and self.default is not None:
            problems = Problems(("default",))
            CHECKERS[self.kind](self, self.default, problems)
            mistakes = [f"the default {problem.msg}" for problem in problems]
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self

    def _misplaced(self) -> list[str]:
        given = {name for name in CONSTRAINTS if getattr(self, name) not in (None, False, ())}
        return [f"{name} means nothing for {self.kind}" for name in sorted(given - CONSTRAINTS_OF[self.kind])]

    def _contradictions(self) -> list[str]:
        values = [option.value for option in self.options]
        rules = {
            "minimum is above maximum": None not in (self.minimum, self.maximum)
            and self.minimum > self.maximum,  # type: ignore[operator]
            "multiple_of must be above 0": self.multiple_of is not None and self.multiple_of <= 0,
            "a mask needs a picture: the key of the input it lies over": self.kind == "mask"
            and self.picture is None,
            f"{self.kind} needs options": "options" in CONSTRAINTS_OF[self.kind] and not values,
            "options repeat a value": len(set(values)) < len(values),
            "max_items needs multiple": self.max_items is not None and not self.multiple,
        }
        return [sentence for sentence, broken in rules.items() if broken]


class OutputSpec(_Document):
    """One declared output."""

    key: Key
    kind: Literal["image", "video"]


class Contract(_Document):
    """Typed inputs and declared outputs; without an output a workflow cannot be selected."""

    inputs: tuple[InputSpec, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()

    @model_validator(mode="after")
    def _keys_are_unique(self) -> Self:
        for name, specs in (("inputs", self.inputs), ("outputs", self.outputs)):
            keys = [spec.key for spec in specs]
            if repeated := sorted({key for key in keys if keys.count(key) > 1}):
                raise ValueError(f"{name} repeat the key {', '.join(repeated)}")
        return self

    @model_validator(mode="after")
    def _masks_lie_over_pictures(self) -> Self:
        pictures = {spec.key for spec in self.inputs if spec.kind == "media" and not spec.multiple}
        for spec in self.inputs:
            if spec.picture is not None and spec.picture not in pictures:
                raise ValueError(
                    f"the mask “{spec.key}” lies over “{spec.picture}”, which is no input of one picture"
                )
        return self

    def takes(self, key: str, value: Any) -> bool:
        """Whether there is an input with this key, and it takes this value."""
        for spec in self.inputs:
            if spec.key == key:
                problems = Problems()
                CHECKERS[spec.kind](spec, value, problems)
                return not problems
        return False

    def validate_inputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs with defaults filled in and every value checked; null counts as not given.

        Raises InvalidInputs, which lists every problem at once.
        """
        return self._checked(inputs, complete=True)

    def preview_inputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """As `validate_inputs`, for a form still being filled in: required inputs may be missing."""
        return self._checked(inputs, complete=False)

    def _checked(self, inputs: Mapping[str, Any], *, complete: bool) -> dict[str, Any]:
        problems = Problems(("inputs",))
        if not isinstance(inputs, Mapping):
            raise InvalidInputs([InputProblem(("inputs",), "must be an object", "object_type")])
        self._refuse_unknown(inputs, problems)
        cleaned = {}
        for spec in self.inputs:
            given = inputs.get(spec.key)
            value = spec.default if given is None else given
            if value is not None:
                cleaned[spec.key] = CHECKERS[spec.kind](spec, value, problems.at(spec.key))
            if complete and spec.required and _is_blank(value):
                problems.at(spec.key).add("is required", "missing")
        if problems:
            raise InvalidInputs(list(problems))
        return cleaned

    def _refuse_unknown(self, inputs: Mapping[str, Any], problems: Problems) -> None:
        known = [spec.key for spec in self.inputs]
        for key in inputs:
            if key not in known:
                problems.at(key).add(
                    f"is not an input of this workflow ({', '.join(known)})", "unknown_input"
                )


def parse_contract(document: object) -> Contract:
    """The contract a JSON document spells. Raises InvalidContract with every mistake in it."""
    try:
        return Contract.model_validate(document)
    except ValidationError as error:
        raise InvalidContract(
            [
                InputProblem(
                    ("contract", *mistake["loc"]),
                    mistake["msg"].removeprefix("Value error, "),
                    mistake["type"],
                )
                for mistake in error.errors(include_url=False, include_input=False)
            ]
        ) from error


def _is_blank(value: object) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())
