"""How long things took, as every document says it."""

from datetime import datetime

from .models import Generation, Prediction


def metrics_of(row: Generation | Prediction, predict_seconds: float | None) -> dict[str, float | None]:
    """Seconds; None while unknown."""
    return {
        "predict_time": predict_seconds,
        "queue_time": _seconds(row.created_at, row.started_at),
        "total_time": _seconds(row.created_at, row.completed_at),
    }


def _seconds(start: datetime, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 3) if end else None
