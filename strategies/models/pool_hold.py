"""What an operator told a pool."""

from django.db import models
from django.utils import timezone


class PoolHold(models.Model):
    """As long as there is one, the pool takes no more work, whatever else was said or lost."""

    class Kind(models.TextChoices):
        PAUSE = "pause"  # its models stay loaded
        DRAIN = "drain"  # it lets go of its device too, once nothing runs

    pool = models.CharField(max_length=120, primary_key=True, help_text="NAME@HOST")
    kind = models.CharField(max_length=5, choices=Kind)
    by = models.CharField(max_length=150, help_text="who said so")
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pool"]
        verbose_name = "pool"  # whose admin page this is: all pools, held or not

    def __str__(self) -> str:
        return f"{self.pool}: {self.kind}"

    @classmethod
    def exists_for(cls, pool: str, **of: str) -> bool:
        """Whether a pool is held; `kind=PoolHold.Kind.DRAIN` asks for that kind alone."""
        return cls.objects.filter(pool=pool, **of).exists()
