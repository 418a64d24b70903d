"""The controls of a form: one descriptor for every axis of a family and every input of a contract."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .contract import Contract, InputSpec
from .resolution import LoadedAxis, LoadedFamily, dead_ends

# Keys that clients know and draw in their own way; an author gets that control by naming the key.
RESERVED_KEYS = frozenset({"is_nsfw", "input_model", "aspect_ratio"})
CONSTRAINTS = (
    "minimum", "maximum", "multiple_of", "integer", "max_length", "multiple", "max_items", "picture",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One typed control with its current value.

    `kind` is toggle, dropdown, aspect_ratio, number, text, character, media, mask, lora or rectangle;
    `source` says whether the value goes into the selection (`axis`) or the inputs (`input`). The value of an
    axis is always the value of one of its options, also for a toggle; the value of an input toggle is a
    boolean.
    """

    kind: str
    key: str
    label: str
    help: str
    source: str
    options: list[dict[str, Any]]
    default: Any
    value: Any
    required: bool
    constraints: dict[str, Any]
    placement: str
    reserved: bool

    def as_dict(self) -> dict[str, Any]:
        """The shape of the API: without the parts this control has no use for."""
        optional = ("help", "options", "constraints")
        shape = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: value for key, value in shape.items() if value or key not in optional}


def describe_axes(family: LoadedFamily, shapes: list[dict[str, Any]]) -> list[Descriptor]:
    """The controls of the axes; `shapes`, from `axis_shapes`, say what is picked."""
    return [_of_axis(axis, shape) for axis, shape in zip(family.axes, shapes, strict=True)]


def describe_inputs(family: LoadedFamily, contract: Contract, inputs: Mapping[str, Any]) -> list[Descriptor]:
    """The controls of a contract with the given values.

    An input with the key of an axis has none of its own: the pick fills it.
    """
    return [
        _of_input(spec, inputs.get(spec.key)) for spec in contract.inputs if spec.key not in family.axis_keys
    ]


def axis_shapes(family: LoadedFamily, selection: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every axis as `{key, display_name, control, default, options: [{value, label, selected, available}]}`.

    An option is available when changing only this pick to it leads to an available member; the others say
    why not in `unavailable_reason`.
    """
    dead = dead_ends(family, selection)
    return [
        {
            "key": axis.key,
            "display_name": axis.display_name,
            "control": axis.control,
            "default": axis.default,
            "options": [
                _option(
                    option.value,
                    option.label,
                    selected=selection.get(axis.key) == option.value,
                    unavailable_reason=dead.get((axis.key, option.value)),
                )
                for option in axis.options
            ],
        }
        for axis in family.axes
    ]


def _option(
    value: str, label: str, *, selected: bool, unavailable_reason: str | None = None
) -> dict[str, Any]:
    option = {"value": value, "label": label, "selected": selected, "available": unavailable_reason is None}
    return {**option, "unavailable_reason": unavailable_reason} if unavailable_reason else option


def _of_axis(axis: LoadedAxis, shape: dict[str, Any]) -> Descriptor:
    selected = [option["value"] for option in shape["options"] if option["selected"]]
    return Descriptor(
        kind="aspect_ratio" if axis.key == "aspect_ratio" else axis.control,
        key=axis.key,
        label=axis.display_name,
        help="",
        source="axis",
        options=shape["options"],
        default=axis.default,
        value=selected[0] if selected else None,
        required=True,
        constraints={},
        placement="prompt" if axis.key == "input_model" else "main",
        reserved=axis.key in RESERVED_KEYS,
    )


def _of_input(spec: InputSpec, given: Any) -> Descriptor:
    value = spec.default if given is None else given
    return Descriptor(
        kind=spec.kind,
        key=spec.key,
        label=spec.label,
        help=spec.help,
        source="input",
        options=[
            _option(option.value, option.label or option.value, selected=option.value == value)
            for option in spec.options
        ],
        default=spec.default,
        value=value,
        required=spec.required,
        constraints={
            name: limit
            for name in CONSTRAINTS
            if (limit := getattr(spec, name)) is not None and limit is not False
        },
        placement=spec.placement,
        reserved=spec.key in RESERVED_KEYS,
    )
