"""What an owner wants drawn again and again: a subject, a product, a style."""

import uuid
from collections.abc import Iterable

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from gpu.requests import MAX_ADAPTER_WEIGHT

from .asset import Asset
from .lora import Lora


class Concept(models.Model):
    """A name for people, a trigger word for the prompt, and the LoRA that knows what the word means."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="%(class)ss")
    name = models.CharField(max_length=120)
    trigger_word = models.CharField(max_length=80, blank=True)
    lora = models.ForeignKey(
        Lora, null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss", verbose_name="LoRA"
    )
    weight = models.FloatField(
        default=1.0,
        validators=[MinValueValidator(-MAX_ADAPTER_WEIGHT), MaxValueValidator(MAX_ADAPTER_WEIGHT)],
        help_text="how strongly the LoRA speaks",
    )
    picture = models.ForeignKey(
        Asset, null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="%(class)s_weight_in_range",
                condition=Q(weight__gte=-MAX_ADAPTER_WEIGHT, weight__lte=MAX_ADAPTER_WEIGHT),
            )
        ]
        indexes = [models.Index(fields=["owner", "-created_at"], name="%(class)s_owner_newest")]

    def __str__(self) -> str:
        return self.name


class Subject(Concept):
    """Somebody or something: who is in the picture."""


class Product(Concept):
    """A thing that is sold: what is in the picture."""


class Style(Concept):
    """A manner: how the picture looks."""


def named(concepts: Iterable[Concept]) -> list[str]:
    """How a message names concepts: `the subject “Ada”`."""
    return sorted(f"the {concept._meta.verbose_name} “{concept.name}”" for concept in concepts)
