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
CELERY_PREFIX = "atelier."


def celery_name(task_type: str) -> str:
    """The Celery task name that runs a task type."""
    return CELERY_PREFIX + task_type
