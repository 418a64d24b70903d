"""The secrets that sign: made, rotated, and sealed again when the key they are sealed under changes."""

from typing import TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from ..errors import SecretUnreadable
from ..models import OwnWebhookSecret, WebhookEndpoint
from ..models.webhook import SigningSecrets
from ..sealing import resealed

Signer = TypeVar("Signer", bound=SigningSecrets)


def endpoint_rotate(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """A new secret; the present one signs along for a day."""
    return _rotate(WebhookEndpoint.objects.filter(id=endpoint.id))


def own_secret(owner: AbstractBaseUser) -> OwnWebhookSecret:
    """The secret behind the `webhook` of single requests, made when it is first needed."""
    return OwnWebhookSecret.objects.get_or_create(owner_id=owner.pk)[0]


def own_secret_rotate(owner: AbstractBaseUser) -> OwnWebhookSecret:
    """A new one; the present one signs along for a day."""
    own_secret(owner)
    return _rotate(OwnWebhookSecret.objects.filter(owner_id=owner.pk))


def secrets_reseal() -> tuple[int, int]:
    """Seal every stored secret under the present key. Returns how many, and how many cannot be read."""
    done = unreadable = 0
    for model in (WebhookEndpoint, OwnWebhookSecret):
        for key in model.objects.values_list("pk", flat=True):
            with transaction.atomic():
                row = model.objects.select_for_update(no_key=True).filter(pk=key).first()
                if row is None:
                    continue
                try:
                    row.sealed_secret = resealed(row.sealed_secret)
                    if row.sealed_previous_secret:
                        row.sealed_previous_secret = resealed(row.sealed_previous_secret)
                except SecretUnreadable:
                    unreadable += 1
                    continue
                row.save(update_fields=["sealed_secret", "sealed_previous_secret"])
                done += 1
    return done, unreadable


def _rotate(rows: "QuerySet[Signer]") -> Signer:
    with transaction.atomic():
        locked = rows.select_for_update(no_key=True).get()
        for field, value in locked.rotated().items():
            setattr(locked, field, value)
        locked.save()
    return locked
