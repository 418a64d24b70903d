"""One runnable recipe."""

import uuid
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from .fields import KEY_PATTERN, key_field, matches, one_of


class Rating(models.TextChoices):
    SFW = "sfw", "SFW"
    ADULT = "adult", "18+"


class State(models.TextChoices):
    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Workflow(models.Model):
    """A strategy, a generator, a checkpoint with what goes with it, and a contract.

    `contract` holds a `families.contract.Contract`, `loras` and `controlnets` the lists of
    `families.recipe`; the services keep them valid.
    """

    Rating = Rating
    State = State

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = key_field(unique=True)
    display_name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    strategy = models.CharField(max_length=40, default="generate")
    is_default_for_strategy = models.BooleanField(
        default=False, help_text="runs when a request names the strategy but neither family nor workflow"
    )
    generator = models.CharField(max_length=40, default="local_sdxl")
    checkpoint = models.CharField(max_length=400, blank=True)
    checkpoint_revision = models.CharField(max_length=80, blank=True)
    vae = models.CharField(
        "VAE", max_length=400, blank=True, help_text="instead of the checkpoint's own autoencoder"
    )
    vae_revision = models.CharField("VAE revision", max_length=80, blank=True)
    refiner = models.CharField(
        max_length=400, blank=True, help_text="a second checkpoint, which finishes what the first one begins"
    )
    refiner_revision = models.CharField(max_length=80, blank=True)
    refiner_start = models.FloatField(
        default=0.8,
        validators=[MinValueValidator(0.05), MaxValueValidator(0.95)],
        help_text="the share of the steps that the first checkpoint draws",
    )
    loras = models.JSONField(default=list, blank=True)
    controlnets = models.JSONField(default=list, blank=True)
    scheduler = models.CharField(max_length=40, blank=True)
    prompt_prefix = models.CharField(
        max_length=200,
        blank=True,
        help_text="put before every prompt exactly as written, such as a LoRA's trigger word and a space",
    )
    contract = models.JSONField(default=dict, blank=True)
    rating = models.CharField(max_length=8, choices=Rating, default=Rating.SFW)
    price = models.DecimalField(
        max_digits=10, decimal_places=4, default=Decimal(0), validators=[MinValueValidator(Decimal(0))]
    )
    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)
    revision = models.PositiveIntegerField(
        default=1,
        editable=False,
        help_text="grows with every change, a draft's too",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["key"]
        constraints = [
            matches("key", KEY_PATTERN, "workflow_key_pattern"),
            one_of("rating", Rating, "workflow_rating_known"),
            one_of("state", State, "workflow_state_known"),
            models.CheckConstraint(name="workflow_price_not_negative", condition=Q(price__gte=0)),
            models.UniqueConstraint(
                fields=["strategy"],
                name="one_default_workflow_per_strategy",
                condition=Q(is_default_for_strategy=True),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.key
