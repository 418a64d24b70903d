"""What to do after an attempt: pure, so that every case is tested without a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gpu.requests import MAX_PROMPT, MAX_SEED

from ..models.shot import Decision

SEED_STRIDE = 1_000_003  # past the seeds of a generation's other predictions, which are neighbours


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop."""

    max_attempts: int
    min_confidence_score: float
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt that was judged; `missing` is what the evaluator did not find in the picture."""

    seed: int
    prompt: str
    score: float
    missing: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Again:
    """Draw once more."""

    seed: int
    prompt: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Deliver the attempt at `best` in the history."""

    best: int
    decision: Decision


def decide(history: Sequence[Tried], limits: Limits, now: datetime) -> Again | Stop:
    """Accept the last attempt, stop with the best, or try again.

    Other seeds come first: for half of the attempts the prompt stays. Then each prompt is the first one,
    corrected by what the best picture so far lacks.
    """
    best = max(range(len(history)), key=lambda place: history[place].score)  # the first of equals
    if history[-1].score >= limits.min_confidence_score:
        return Stop(len(history) - 1, Decision.ACCEPTED)
    if len(history) >= limits.max_attempts:
        return Stop(best, Decision.ATTEMPTS_USED)
    if limits.deadline is not None and now >= limits.deadline:
        return Stop(best, Decision.DEADLINE_PASSED)
    if _fell_twice(history):
        return Stop(best, Decision.SCORES_FELL)
    first = history[0]
    seed = (first.seed + SEED_STRIDE * len(history)) % (MAX_SEED + 1)
    if 2 * len(history) < limits.max_attempts:
        return Again(seed, first.prompt)
    return Again(seed, corrected(first.prompt, history[best].missing))


def corrected(prompt: str, missing: Sequence[str]) -> str:
    """The prompt with what the picture lacks said once more; unchanged where that would be too long."""
    longer = ", ".join((prompt, *missing))
    return longer if len(longer) <= MAX_PROMPT else prompt


def _fell_twice(history: Sequence[Tried]) -> bool:
    scores = [tried.score for tried in history[-3:]]
    return len(scores) == 3 and scores[0] > scores[1] > scores[2]
