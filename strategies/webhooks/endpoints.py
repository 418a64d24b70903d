"""What owners write: the addresses that hear of their generations."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from ..errors import TooManyWebhooks
from ..models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from .addresses import checked_url
from .events import EVENTS

BY_OWNER = "its owner"


def endpoint_url(url: str) -> str:
    """The URL, checked. A name server may be slow, so this belongs in no transaction.

    Raises: InvalidWebhook.
    """
    return checked_url(url, loc=("url",))


def endpoint_create(
    *, owner: AbstractBaseUser, url: str, events: Sequence[str] = EVENTS, disabled: bool = False
) -> WebhookEndpoint:
    """An endpoint at a URL that `endpoint_url` has checked. Raises: TooManyWebhooks."""
    with transaction.atomic():
        type(owner).objects.select_for_update(no_key=True).get(pk=owner.pk)  # so that two do not count alike
        if WebhookEndpoint.objects.filter(owner=owner).count() >= settings.MAX_WEBHOOKS:
            raise TooManyWebhooks(
                f"The account has {settings.MAX_WEBHOOKS} webhooks, as many as it may have; delete one first."
            )
        return WebhookEndpoint.objects.create(
            owner=owner, url=url, events=list(events), disabled=disabled,
            disabled_reason=_disabled_by(BY_OWNER) if disabled else "",
        )  # fmt: skip


def endpoint_update(endpoint: WebhookEndpoint, *, by: str = BY_OWNER, **changes: Any) -> WebhookEndpoint:
    """Change some of `url`, `events`, `disabled`; what waits goes to the new URL.

    Raises: InvalidWebhook.
    """
    if "url" in changes:
        changes["url"] = endpoint_url(changes["url"])
    disabled = changes.pop("disabled", None)
    with transaction.atomic():
        locked = _locked(endpoint.id)
        for field, value in changes.items():
            setattr(locked, field, list(value) if field == "events" else value)
        if disabled is False:
            locked.disabled, locked.disabled_reason = False, ""
            locked.failing_since = locked.resting_until = None
        locked.save()
        if disabled and not locked.disabled:
            disable(locked, _disabled_by(by))
    return locked


def endpoint_delete(endpoint: WebhookEndpoint) -> None:
    """Forget an endpoint with its deliveries; what is not delivered yet never is."""
    with transaction.atomic():
        WebhookEndpoint.objects.select_for_update().filter(id=endpoint.id).first()  # nothing joins meanwhile
        WebhookEndpoint.objects.filter(id=endpoint.id).delete()


def disable(locked: WebhookEndpoint, reason: str) -> None:
    """Send nothing more to an endpoint that the caller has locked; what waits is given up, to be replayed."""
    locked.disabled, locked.disabled_reason = True, reason
    locked.save()
    WebhookDelivery.objects.filter(endpoint=locked, status=DeliveryStatus.PENDING).update(
        status=DeliveryStatus.FAILED, next_attempt_at=None, lease_token=None, completed_at=timezone.now(),
        last_error=f"The webhook was disabled: {reason}",
    )  # fmt: skip


def _disabled_by(whom: str) -> str:
    return f"Disabled by {whom}."


def _locked(endpoint: UUID) -> WebhookEndpoint:
    return WebhookEndpoint.objects.select_for_update(no_key=True).get(id=endpoint)
