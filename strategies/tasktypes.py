"""The task vocabulary and its queues."""

QUEUES = {  # task type → queue; one line per type
    "generation": "generation",
    "editing": "editing",
    "detail_enhancer": "detail_enhancer",
    "background_fix": "background_fix",
    "image_adjust": "image_adjust",
    "training": "training",
    "evaluation": "evaluation",
    "prompt": "prompt",
    "refine": "refine",
    "face_fix": "face_fix",
    "video": "video",
}
REMOTE = {  # task type → queue of those of its tasks that only wait for another server
    "evaluation": "evaluation.remote",
    "prompt": "prompt.remote",
}
CELERY_PREFIX = "atelier."


def queues() -> dict[str, str]:
    """Queue → the type of its tasks."""
    return {queue: task_type for table in (QUEUES, REMOTE) for task_type, queue in table.items()}


def celery_name(queue: str) -> str:
    """The name of the Celery task that wakes a worker for a queue."""
    return CELERY_PREFIX + queue
