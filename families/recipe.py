"""What a workflow's lists of LoRAs and ControlNets hold."""

from typing import Annotated

from pydantic import AllowInfNan, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from .errors import InputProblem, InvalidRecipe

Source = Annotated[str, Field(min_length=1, max_length=400)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LoraUse(_Document):
    """An adapter laid over the checkpoint whenever the workflow runs."""

    lora: Source
    weight: Annotated[float, Field(ge=-4, le=4), AllowInfNan(False)] = 1.0
    name: str = ""


class ControlNetUse(_Document):
    """A ControlNet; the n-th one takes the n-th of the request's `control_images`."""

    model: Source
    revision: str | None = None
    preprocessor: str | None = None
    scale: Annotated[float, Field(ge=0, le=4), AllowInfNan(False)] = 1.0


ENTRIES: dict[str, TypeAdapter] = {
    "loras": TypeAdapter(list[LoraUse]),
    "controlnets": TypeAdapter(list[ControlNetUse]),
}


def check_recipe(field: str, entries: object) -> None:
    """Refuse a list of `loras` or `controlnets` that is not spelled as one. Raises InvalidRecipe."""
    try:
        ENTRIES[field].validate_python(entries)
    except ValidationError as error:
        raise InvalidRecipe(
            field,
            [
                InputProblem((field, *mistake["loc"]), mistake["msg"], mistake["type"])
                for mistake in error.errors(include_url=False, include_input=False)
            ],
        ) from error
