"""Where an owner wants to hear of state changes, and the secrets that prove who is speaking."""

import base64
import secrets
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

ROTATION = timedelta(hours=24)  # for as long an old secret signs along
SECRET_BYTES = 32
MAX_URL = 2000  # characters


def new_secret() -> str:
    """`whsec_` and 32 random bytes, as Standard Webhooks spells secrets."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


class SigningSecrets(models.Model):
    """A secret, and for a day the one before it."""

    secret = models.CharField(max_length=80, default=new_secret, editable=False)
    previous_secret = models.CharField(max_length=80, blank=True, editable=False)
    previous_secret_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def signing_secrets(self) -> list[str]:
        """Those that sign a message sent now."""
        until = self.previous_secret_until
        return [self.secret, self.previous_secret] if until and until > timezone.now() else [self.secret]

    def rotated(self) -> dict[str, Any]:
        """The fields with a new secret in place of the present one, which signs along for a day."""
        return {
            "secret": new_secret(),
            "previous_secret": self.secret,
            "previous_secret_until": timezone.now() + ROTATION,
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
