"""How a picture was enlarged."""

from django.db import models

from .asset import Asset
from .prediction import Prediction


class Refine(models.Model):
    """Every parameter of one refined prediction. The base image may be deleted later; this stays."""

    prediction = models.OneToOneField(
        Prediction, primary_key=True, on_delete=models.CASCADE, related_name="refine"
    )
    base_image = models.ForeignKey(
        Asset, null=True, on_delete=models.SET_NULL, related_name="refinements", help_text="what was enlarged"
    )
    scale = models.PositiveSmallIntegerField()
    width = models.PositiveIntegerField(help_text="of the result")
    height = models.PositiveIntegerField(help_text="of the result")
    tile_size = models.PositiveIntegerField()
    overlap = models.PositiveIntegerField()
    prompt = models.TextField(blank=True)
    negative_prompt = models.TextField(blank=True)
    seed = models.BigIntegerField()
    strength = models.FloatField()
    num_inference_steps = models.PositiveIntegerField()
    guidance_scale = models.FloatField()
    scheduler = models.CharField(max_length=40, blank=True)
    face_detail = models.BooleanField(help_text="whether faces were drawn again afterwards")
    face_strength = models.FloatField(null=True, help_text="of that second step")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "refinement"

    def __str__(self) -> str:
        return f"×{self.scale} to {self.width}×{self.height}"
