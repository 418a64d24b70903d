"""Two ways to do the same, measured in one run: what their ratio is, and whether its bar held."""

import statistics
from collections.abc import Callable, Sequence

PAIRS = 5
Arm = Callable[[], float]


def pairs(ours: Arm, reference: Arm, count: int = PAIRS) -> list[tuple[float, float]]:
    """What both arms say (seconds, or a rate), pair by pair, in the order A B B A.

    So a machine that grows slower or faster favours neither. Both arms run once before it counts.
    """
    ours(), reference()
    measured = []
    for number in range(count):
        if number % 2:
            other = reference()
            measured.append((ours(), other))
        else:
            measured.append((ours(), reference()))
    return measured


def ratios(measured: Sequence[tuple[float, float]]) -> list[float]:
    """Ours ÷ reference of each pair."""
    return [ours / reference for ours, reference in measured]


def verdict(
    name: str, values: Sequence[float], *, at_most: float | None = None, at_least: float | None = None
) -> str:
    """`R8 MEDIAN [MIN–MAX] bar BAR held|missed`: the median is held against the one bar that is given."""
    assert (at_most is None) != (at_least is None), "a ratio has one bar"
    median = statistics.median(values)
    bar = at_least if at_most is None else at_most
    held = median >= bar if at_most is None else median <= bar
    spread = f"{median:.3g} [{min(values):.3g}–{max(values):.3g}]"
    return f"{name} {spread} bar {bar:g} {'held' if held else 'missed'}"
