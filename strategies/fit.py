"""Whether a workflow's contract fits its strategy: what a client may say, the strategy must understand."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from families.contract import Contract, InputSpec
from families.errors import CatalogueError, InputProblem
from families.models import Workflow

from .registry import STRATEGIES

# What an input of each kind puts into the request, as JSON calls it; a list where it takes several.
JSON_TYPES = {
    "text": {"string"},
    "number": {"integer", "number"},
    "toggle": {"boolean"},
    "dropdown": {"string"},
    "aspect_ratio": {"string"},
    "media": {"string"},
    "mask": {"string"},
    "character": {"string"},
    "lora": {"object"},
    "rectangle": {"object"},
}
LIMITS = ("minimum", "maximum", "default")


def contract_problems(workflow: Workflow) -> Iterator[InputProblem]:
    """Every place where the contract asks for what the strategy cannot take, or lacks what it needs."""
    strategy = STRATEGIES.get(workflow.strategy)
    contract = _contract(workflow)
    if strategy is None or contract is None:  # said elsewhere
        return
    fields = strategy.inputs.model_fields
    for place, spec in enumerate(contract.inputs):
        loc = ("contract", "inputs", place)
        if spec.kind == "character":  # under whatever key: it picks a subject, a product or a style
            continue
        if spec.key not in fields:
            known = ", ".join(fields)
            text = f"the strategy “{strategy.name}” takes no input “{spec.key}”; it takes {known}"
            yield InputProblem((*loc, "key"), text, "unknown_input")
        else:
            yield from _spec_problems(spec, fields[spec.key], loc)
    yield from _missing(workflow, contract, fields)


def _contract(workflow: Workflow) -> Contract | None:
    try:
        return Contract.model_validate(workflow.contract)
    except (ValidationError, CatalogueError):
        return None


def _spec_problems(spec: InputSpec, field: FieldInfo, loc: tuple[str | int, ...]) -> Iterator[InputProblem]:
    adapter: TypeAdapter = TypeAdapter(Annotated[field.annotation, *field.metadata, None])
    wanted = _json_types(adapter.json_schema())
    given = {"array"} if spec.multiple else JSON_TYPES[spec.kind]
    if wanted and not given & wanted:
        text = f"“{spec.key}” must be {' or '.join(sorted(wanted))} for this strategy; choose another kind"
        yield InputProblem((*loc, "multiple" if "array" in given | wanted else "kind"), text, "wrong_kind")
        return
    for name in LIMITS:
        if (value := getattr(spec, name)) is None:
            continue
        try:
            adapter.validate_python(value)
        except ValidationError as error:
            mistake = error.errors(include_url=False)[0]
            yield InputProblem((*loc, name), f"{name} {value}: {mistake['msg']}", mistake["type"])
    if field.is_required() and not spec.required and spec.default in (None, ""):
        text = f"“{spec.key}” is needed: make it required or give it a default"
        yield InputProblem((*loc, "required"), text, "missing")


def _json_types(schema: dict[str, Any]) -> set[str]:
    """The JSON types a value may have, apart from null."""
    parts = schema.get("anyOf", [schema])
    return {part["type"] for part in parts if "type" in part} - {"null"}


def _missing(workflow: Workflow, contract: Contract, fields: dict[str, FieldInfo]) -> Iterator[InputProblem]:
    keys = {spec.key for spec in contract.inputs}
    needed = [name for name, field in fields.items() if field.is_required() and name not in keys]
    if workflow.controlnets and "control_images" in fields and "control_images" not in keys:
        needed.append("control_images")
    for name in needed:
        text = f"the strategy “{workflow.strategy}” needs an input “{name}”: required, or with a default"
        yield InputProblem(("contract", "inputs"), text, "missing")
