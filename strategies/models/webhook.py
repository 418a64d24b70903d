"""Where an owner wants to hear of state changes, and the secrets that prove who is speaking."""

import base64
import secrets
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from ..errors import SecretUnreadable
from ..sealing import opened, resealed, sealed

ROTATION = timedelta(hours=24)  # for as long an old secret signs along
SECRET_BYTES = 32
MAX_URL = 2000  # characters


def new_secret() -> str:
    """`whsec_` and 32 random bytes, as Standard Webhooks spells secrets."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def new_sealed_secret() -> str:
    return sealed(new_secret())


class SigningSecrets(models.Model):
    """A secret, and for a day the one before it."""

    sealed_secret = models.TextField(default=new_sealed_secret, editable=False)
    sealed_previous_secret = models.TextField(blank=True, editable=False)
    previous_secret_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def secret(self) -> str:
        """Raises: SecretUnreadable."""
        return opened(self.sealed_secret)

    def signing_secrets(self) -> list[str]:
        """Those that sign a message sent now. Raises: SecretUnreadable."""
        until = self.previous_secret_until
        both = until is not None and until > timezone.now()
        return [self.secret, opened(self.sealed_previous_secret)] if both else [self.secret]

    def rotated(self) -> dict[str, Any]:
        """The fields with a new secret in place of the present one, which signs along for a day if it can."""
        try:
            previous, until = resealed(self.sealed_secret), timezone.now() + ROTATION
        except SecretUnreadable:
            previous, until = "", None
        return {
            "sealed_secret": new_sealed_secret(),
            "sealed_previous_secret": previous,
            "previous_secret_until": until,
        }


class WebhookEndpoint(SigningSecrets):
    """An address that hears of all of its owner's generations."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="webhooks")
    url = models.CharField(max_length=MAX_URL, verbose_name="URL")
    events = models.JSONField(help_text="which it hears of")
    disabled = models.BooleanField(default=False)
    disabled_reason = models.CharField(max_length=200, blank=True)
    failing_since = models.DateTimeField(
        null=True, blank=True, help_text="the first failure since something was delivered"
    )
    resting_until = models.DateTimeField(
        null=True, blank=True, help_text="nothing is sent before: it has just failed"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "webhook"
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="webhook_owner_newest")]

    def __str__(self) -> str:
        return self.url


class OwnWebhookSecret(SigningSecrets):
    """What signs the messages to the addresses that single requests name (`webhook`): one per owner."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="webhook_secret"
    )

    def __str__(self) -> str:
        return f"webhook secret of {self.owner}"
