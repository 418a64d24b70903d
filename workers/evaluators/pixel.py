"""`pixel`: reads the coloured shapes of the pocket world off a picture, and compares them with the prompt."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from gpu.errors import Decision, GpuError
from gpu.pocket import world
from gpu.pocket.judge import Found, Reading, judge
from strategies.params import EvaluationParams

from .evaluator import Verdict

COLORS, SHAPES = "|".join(world.COLOR_NAMES), "|".join(world.SHAPES)
BACKGROUND = re.compile(rf"\b({COLORS})\b(?: gradient)? background")
FIGURE = re.compile(rf"\b({COLORS}) ({SHAPES})\b")


class NothingToRead(GpuError):
    """The prompt speaks of nothing that can be read off pixels."""

    code = "nothing_to_read"
    decision = Decision.CALLER


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that the prompt says of the picture."""

    wanted: str
    is_shown: bool
    seen: str


class Pixel:
    """The share of the prompt's colours, shapes and background that the picture shows."""

    def judge(self, image: Image.Image, params: EvaluationParams) -> Verdict:
        facts = list(_facts(params.prompt.lower(), judge(image)))
        if not facts:
            raise NothingToRead(
                "The prompt names no coloured shape and no background, which is all that the evaluator pixel"
                " can read; say them as in “a red circle on a blue background”, or use clip or vision."
            )
        wrong = [fact for fact in facts if not fact.is_shown]
        reason = "; ".join(f"{fact.wanted} wanted, {fact.seen} seen" for fact in wrong)
        return Verdict(
            score=1 - len(wrong) / len(facts),
            evaluator="pixel",
            reason=reason or "All that the prompt names is there.",
            missing=tuple(dict.fromkeys(fact.wanted for fact in wrong)),
        )


def _facts(prompt: str, reading: Reading) -> Iterator[Fact]:
    """The background, and the colour and the shape of each figure, as wanted and as seen."""
    if background := BACKGROUND.search(prompt):
        wanted = background[1]
        yield Fact(f"{wanted} background", reading.background == wanted, f"{reading.background} background")
    left = list(reading.objects)
    for color, shape in FIGURE.findall(BACKGROUND.sub("", prompt)):
        found = max(left, key=lambda each: (each.color == color) + (each.shape == shape), default=None)
        if found:
            left.remove(found)
        yield from _figure_facts(color, shape, found)


def _figure_facts(color: str, shape: str, found: Found | None) -> Iterator[Fact]:
    seen = f"{found.color} {found.shape}" if found else "nothing"
    yield Fact(f"{color} {shape}", bool(found) and found.color == color, seen)
    yield Fact(f"{color} {shape}", bool(found) and found.shape == shape, seen)
