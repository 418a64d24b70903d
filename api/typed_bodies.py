"""Bodies whose shape depends on a word, in the OpenAPI document: tasks by type, shorthands by strategy."""

from copy import deepcopy
from typing import Any

from pydantic import BaseModel

from strategies.concepts import KINDS
from strategies.params import PARAMS
from strategies.registry import STRATEGIES
from strategies.subject_generate import SubjectGenerate

from .urls import SHORTHANDS

COMPONENTS = "#/components/schemas/"
BY_CONTRACT = "Which inputs a workflow takes, which it requires and their defaults, its contract says."
PICKS = {key: {"type": "string", "format": "uuid"} for key in ("subject", *KINDS)}


def with_typed_bodies(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A post-processing hook."""
    components = result["components"]["schemas"]
    _type_tasks(components)
    for name, strategy in SHORTHANDS.items():
        operation = result["paths"][f"/v1/generations/{name}"]["post"]
        (content,) = operation["requestBody"]["content"].values()
        inputs = _inputs(components, strategy)
        content["schema"] = {
            "allOf": [content["schema"], {"type": "object", "properties": {"inputs": inputs}}]
        }
    return result


def _type_tasks(components: dict[str, Any]) -> None:
    """`TaskAskRequest` becomes one of as many as there are task types."""
    common, kinds = components["TaskAskRequest"], {}
    for task_type, model in PARAMS.items():
        body = deepcopy(common)
        body["properties"]["task_type"] = {"type": "string", "const": task_type}
        body["properties"]["params"] = _component(components, model)
        body["required"] = ["task_type", "params"]
        name = model.__name__.removesuffix("Params") + "TaskAskRequest"
        components[name] = body
        kinds[task_type] = COMPONENTS + name
    components["TaskAskRequest"] = {
        "oneOf": [{"$ref": reference} for reference in kinds.values()],
        "discriminator": {"propertyName": "task_type", "mapping": kinds},
        "description": common["description"],
    }


def _inputs(components: dict[str, Any], name: str) -> dict[str, Any]:
    """All inputs that a strategy knows; a contract leaves out what it likes."""
    strategy = STRATEGIES[name]
    reference = _component(components, strategy.inputs)
    component = components[strategy.inputs.__name__]
    component.pop("required", None)
    component.pop("additionalProperties", None)
    component["description"] = f"{component['description']} {BY_CONTRACT}"
    if isinstance(strategy, SubjectGenerate):
        return {"allOf": [reference, {"type": "object", "properties": PICKS}]}
    return reference


def _component(components: dict[str, Any], model: type[BaseModel]) -> dict[str, str]:
    """A reference to the JSON schema of a Pydantic model, which becomes a component, as do its parts."""
    schema = model.model_json_schema(ref_template=COMPONENTS + "{model}")
    components.update(schema.pop("$defs", {}))
    components[model.__name__] = schema
    return {"$ref": COMPONENTS + model.__name__}
