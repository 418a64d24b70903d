"""A stored file: a picture an owner uploaded, or what a task made."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from .prediction import Prediction
from .task import Task


def storage_path(asset: "Asset", filename: str) -> str:
    """Where an asset's file lies in the storage; the id makes it unguessable and unique."""
    room = "outputs" if asset.task_id else "inputs"
    suffix = asset.content_type.rpartition("/")[2].replace("jpeg", "jpg")
    return f"{room}/{asset.id.hex[:2]}/{asset.id}.{suffix}"


class Asset(models.Model):
    """One picture or clip in Django's storage, with what a client wants to know about it.

    `prediction` is set on its outputs only; what a task made on the way to them, or for itself, has `task`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assets")
    prediction = models.ForeignKey(
        Prediction, null=True, blank=True, on_delete=models.CASCADE, related_name="outputs"
    )
    task = models.ForeignKey(
        Task, null=True, blank=True, on_delete=models.CASCADE, related_name="assets", help_text="what made it"
    )
    index = models.PositiveSmallIntegerField(default=0, help_text="place among the outputs of what made it")
    file = models.FileField(upload_to=storage_path, max_length=200)
    content_type = models.CharField(max_length=40)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="an upload goes then, unless something uses it"
    )

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], name="asset_expiry", condition=Q(expires_at__isnull=False))
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["prediction", "index"],
                name="one_stored_output_per_index",
                condition=Q(prediction__isnull=False),
            )
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.file.name or str(self.id)
