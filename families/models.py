"""The catalogue rows."""

import uuid
from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models


class Workflow(models.Model):
    """One runnable recipe: a strategy, a generator, a checkpoint with its LoRAs and ControlNets, a contract."""

    class Rating(models.TextChoices):
        SFW = "sfw", "SFW"
        ADULT = "adult", "18+"

    class State(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"
        ARCHIVED = "archived"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.SlugField(max_length=80, unique=True)
    display_name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    strategy = models.CharField(max_length=40, default="generate")
    generator = models.CharField(max_length=40, default="local_sdxl")
    checkpoint = models.CharField(max_length=400, blank=True)
    checkpoint_revision = models.CharField(max_length=80, blank=True)
    loras = models.JSONField(default=list, blank=True)
    controlnets = models.JSONField(default=list, blank=True)
    scheduler = models.CharField(max_length=40, blank=True)
    contract = models.JSONField(default=dict)
    rating = models.CharField(max_length=8, choices=Rating, default=Rating.SFW)
    price = models.DecimalField(
        max_digits=10, decimal_places=4, default=Decimal(0), validators=[MinValueValidator(Decimal(0))]
    )
    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.display_name or self.key


class Family(models.Model):
    """One product the user sees."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.SlugField(max_length=80, unique=True)
    display_name = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.display_name or self.key
