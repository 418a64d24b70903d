"""What owners can hear of."""

from ..models import TERMINAL, Status

EVENTS = (
    "prediction.start",
    "prediction.output",
    "prediction.completed",
    "generation.start",
    "generation.completed",
)


def event_of(noun: str, status: str) -> str | None:
    """The event that a new status is, if it is one."""
    if status == Status.PROCESSING:
        return f"{noun}.start"
    return f"{noun}.completed" if status in TERMINAL else None
