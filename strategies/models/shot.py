"""An agentic prediction: what it is to reach, and every attempt at it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from .asset import Asset
from .prediction import Prediction
from .status import Status
from .task import Task

MAX_SHOT_ATTEMPTS = 16


class Evaluator(models.TextChoices):
    """Who judges a picture; each has an implementation in `workers.evaluators`."""

    CLIP = "clip"  # a CLIP model: how near picture and prompt are
    PIXEL = "pixel"  # reads the coloured shapes of the pocket world off the picture
    VISION = "vision"  # a vision model behind an OpenAI-compatible address


class Decision(models.TextChoices):
    """Why a shot ended; empty while it goes on."""

    ACCEPTED = "accepted"
    ATTEMPTS_USED = "attempts_used"
    DEADLINE_PASSED = "deadline_passed"
    SCORES_FELL = "scores_fell"  # twice in a row
    ATTEMPT_FAILED = "attempt_failed"  # a drawing or an evaluation


class Shot(models.Model):
    """One prediction: attempt, evaluation, decision, until an attempt is good enough."""

    prediction = models.OneToOneField(Prediction, on_delete=models.CASCADE, related_name="shot")
    prompt = models.TextField(help_text="what the pictures are judged against")
    max_attempts = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MAX_SHOT_ATTEMPTS)]
    )
    min_confidence_score = models.FloatField(validators=[MinValueValidator(0), MaxValueValidator(1)])
    evaluation_provider = models.CharField(max_length=12, choices=Evaluator)
    deadline = models.DateTimeField(null=True, blank=True, help_text="no attempt begins after it")
    decision = models.CharField(max_length=20, choices=Decision, blank=True)
    best = models.ForeignKey(
        "ShotAttempt", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"shot of {self.prediction_id}"

    @property
    def below_threshold(self) -> bool:
        """Whether the shot ended without reaching what it was to reach."""
        return bool(self.decision) and self.decision != Decision.ACCEPTED


class ShotAttempt(models.Model):
    """One picture of a shot: the steps `first_step` to that of `evaluation` in the prediction's chain."""

    shot = models.ForeignKey(Shot, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField(help_text="from 1")
    seed = models.BigIntegerField()
    prompt = models.TextField()
    first_step = models.PositiveSmallIntegerField()
    drawing = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+")
    evaluation = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+")
    score = models.FloatField(null=True, blank=True)
    evaluator = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)
    missing = models.JSONField(default=list, help_text="what the picture lacks; a correction of the prompt")
    provenance = models.JSONField(null=True, blank=True)
    logs = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shot", "number"], name="shot_attempt_once")]
        ordering = ["shot", "number"]

    def __str__(self) -> str:
        return f"attempt {self.number} at {self.shot_id}"

    @property
    def picture(self) -> Asset | None:
        """What was drawn, if it was."""
        return next(iter(sorted(self.drawing.assets.all(), key=lambda asset: asset.index)), None)

    @property
    def is_drawn(self) -> bool:
        return self.drawing.status == Status.SUCCEEDED
