"""Accounts and API keys."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from rest_framework_api_key.models import AbstractAPIKey, APIKeyManager


class User(AbstractUser):
    """A person or a program that owns generations; adult workflows need `age_verified_at`."""

    age_verified_at = models.DateTimeField(null=True, blank=True)


class ApiKey(AbstractAPIKey):
    """A bearer token of one account: stored hashed, shown once, revocable in the admin."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")

    objects = APIKeyManager()

    class Meta(AbstractAPIKey.Meta):
        verbose_name = "API key"
        verbose_name_plural = "API keys"


class IdempotencyRecord(models.Model):
    """What one `Idempotency-Key` of one owner answered; `status` is null while it is being created."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body")
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(null=True, help_text="sealed: it may show a secret")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_once_per_owner"),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_oldest")]  # for purging
