"""How many images a pool draws in one call."""

from django.db import models


class BatchLimit(models.Model):
    """Measured by `manage.py calibrate`, halved by every batch that did not fit; without a row it is one."""

    pool = models.CharField(max_length=120, help_text="NAME@HOST")
    model = models.CharField(max_length=300)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    steps = models.PositiveIntegerField()
    images = models.PositiveSmallIntegerField(help_text="at most, in one call")
    measured = models.JSONField(default=dict, help_text="images in one call → images a second")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pool", "model", "width", "height", "steps"], name="batch_limit_once"
            ),
            models.CheckConstraint(condition=models.Q(images__gte=1), name="batch_limit_at_least_one"),
        ]
        ordering = ["pool", "model", "width", "height", "steps"]

    def __str__(self) -> str:
        return f"{self.model} {self.width}×{self.height}, {self.steps} steps on {self.pool}: {self.images}"
