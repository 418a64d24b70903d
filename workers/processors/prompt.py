"""`prompt`: the text to draw from, out of a template or written by a language model."""

import time
from collections.abc import Callable
from typing import cast

from django.conf import settings
from pydantic import BaseModel, ConfigDict

from gpu.requests import MAX_PROMPT, StepEvent
from strategies.concepts import with_words
from strategies.models import Task
from strategies.params import PromptParams, parse
from strategies.templates import fill

from .. import language
from ..outputs import Made

BRIEF = (
    "You write prompts for an image model. Write one prompt, a single sentence of at most sixty words, that"
    " keeps every thing, colour and place the user names and uses the user's words for them; add only what"
    " makes the picture clearer."
)


class Written(BaseModel):
    """What the language model is to answer."""

    model_config = ConfigDict(extra="forbid")

    prompt: str


class PromptProcessor:
    """One text per task; makes no file and needs no device."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        began = time.monotonic()
        params = cast(PromptParams, parse(task.params))
        writer, text = _text(params)
        prompt = (params.prefix + with_words(text, params.triggers))[:MAX_PROMPT]
        on_step(StepEvent(1, 1, list))
        return Made(
            result={"prompt": prompt, "writer": writer},
            seconds=time.monotonic() - began,
            logs=f"prompt by {writer}: {prompt}\n",
        )


def _text(params: PromptParams) -> tuple[str, str]:
    """Who wrote it, and the text. Raises: workers.language.LanguageModelAway, LanguageModelRefused."""
    if params.template is not None:
        return "template", fill(params.template, params.words.model_dump())
    words = {name: value for name, value in params.words.model_dump().items() if value}
    wishes = "\n".join(f"{name}: {value}" for name, value in words.items())
    messages = [{"role": "system", "content": BRIEF}, {"role": "user", "content": wishes}]
    written = language.ask(settings.LANGUAGE_MODEL, messages, Written).prompt.strip()
    if not written:
        raise language.LanguageModelAway("The language model wrote an empty prompt.")
    return f"language model {settings.LANGUAGE_MODEL}", written
