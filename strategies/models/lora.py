"""An uploaded LoRA."""

import uuid

from django.conf import settings
from django.db import models


def lora_path(lora: "Lora", filename: str) -> str:
    return f"loras/{lora.id}.safetensors"


class Lora(models.Model):
    """Adapter weights an owner uploaded: safetensors only, checked before they are stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="loras")
    name = models.CharField(max_length=120)
    file = models.FileField(upload_to=lora_path, max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="bytes")
    rank = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "LoRA"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name
