"""`prompt`."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from gpu.requests import MAX_PROMPT

from ..templates import check_template
from .base import Params, TaskParams


class Words(Params):
    """What the fields of a template stand for."""

    prompt: str = ""
    subject: str = ""
    product: str = ""
    style: str = ""
    trigger: str = ""


class PromptParams(TaskParams):
    """`prompt`: the text to draw from, out of a template or, without one, written by a language model.

    `triggers` are the words that must be in it; `prefix` goes in front of everything.
    """

    task_type: Literal["prompt"] = "prompt"
    template: Annotated[str, AfterValidator(check_template)] | None = Field(
        default=None, max_length=MAX_PROMPT
    )
    words: Words = Words()
    triggers: tuple[str, ...] = ()
    prefix: str = ""

    @property
    def is_remote(self) -> bool:
        return self.template is None

    @model_validator(mode="after")
    def _something_to_write_from(self) -> Self:
        if self.template is None and not self.words.prompt.strip():
            raise PydanticCustomError(
                "nothing_to_write",
                "Without a template a language model writes; words.prompt says about what.",
            )
        return self
