"""How many images this pool draws in one call: what was measured here, and what did not fit."""

from typing import Any

from strategies.models import BatchLimit, Task

from . import identity


def room_for(task: Task) -> int:
    """Tasks like this one in a call; one until `manage.py calibrate` has measured that more pay."""
    if not task.batch_key:
        return 1
    limits = BatchLimit.objects.filter(**_shape(task)).values_list("images", flat=True)
    return limits.first() or 1


def too_many(task: Task, images: int) -> None:
    """Remember that a call with so many images ran out of memory: from now on half of them."""
    half = max(1, images // 2)
    limit, made = BatchLimit.objects.get_or_create(**_shape(task), defaults={"images": half})
    if not made and limit.images > half:
        limit.images = half
        limit.save(update_fields=["images", "updated_at"])


def _shape(task: Task) -> dict[str, Any]:
    params = task.params
    return {
        "pool": identity.NODE, "model": task.model, "width": params["width"], "height": params["height"],
        "steps": params["num_inference_steps"],
    }  # fmt: skip
