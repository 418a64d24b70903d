"""The task vocabulary and its queues."""

QUEUES = {"generation": "generation"}  # task type → queue; one line per type
CELERY_PREFIX = "atelier."


def celery_name(task_type: str) -> str:
    """The Celery task name that runs a task type."""
    return CELERY_PREFIX + task_type
