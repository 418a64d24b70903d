"""What is stored as a secret tells nothing without the key, and the key can be changed."""

from importlib import import_module
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from strategies.errors import SecretUnreadable
from strategies.models import WebhookEndpoint
from strategies.sealing import opened, resealed, sealed
from strategies.webhooks.endpoints import endpoint_create
from strategies.webhooks.secrets import endpoint_rotate, own_secret, own_secret_rotate


def rotate_key(settings, *, kept: bool) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if kept else []
    settings.SECRET_KEY = settings.SECRET_KEY + "2"


def test_what_is_sealed_can_be_opened_and_looks_different_each_time():
    first, second = sealed("whsec_a"), sealed("whsec_a")
    assert opened(first) == opened(second) == "whsec_a"
    assert first != second and "whsec" not in first


def test_an_earlier_key_opens_and_the_present_one_seals(settings):
    token = sealed("whsec_a")
    rotate_key(settings, kept=True)
    again = resealed(token)
    settings.SECRET_KEY_FALLBACKS = []
    assert opened(again) == "whsec_a"
    with pytest.raises(SecretUnreadable):
        opened(token)


def test_what_was_tampered_with_is_not_opened():
    token = sealed("whsec_a")
    with pytest.raises(SecretUnreadable):
        opened(token[:-4] + "AAA=")


def test_the_database_holds_no_secret(owner):
    endpoint, own = endpoint_rotate(endpoint_create(owner=owner, url="https://a.invalid/")), own_secret(owner)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT row_to_json(endpoint)::text || row_to_json(own)::text"
            " FROM strategies_webhookendpoint AS endpoint, strategies_ownwebhooksecret AS own"
        )
        stored = cursor.fetchone()[0]
    assert "whsec" not in stored
    for secret in (*endpoint.signing_secrets(), own.secret):
        assert secret.startswith("whsec_") and secret.removeprefix("whsec_") not in stored


def test_secrets_of_before_are_sealed_where_they_are(owner):
    endpoint_create(owner=owner, url="https://a.invalid/")
    WebhookEndpoint.objects.update(sealed_secret="whsec_plain")
    import_module("strategies.migrations.0008_sealed_secrets").seal(apps, None)
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.secret == "whsec_plain" and "plain" not in endpoint.sealed_secret
    assert endpoint.sealed_previous_secret == ""


def test_secrets_are_sealed_again_when_the_key_has_changed(owner, settings):
    endpoint, own = endpoint_rotate(endpoint_create(owner=owner, url="https://a.invalid/")), own_secret(owner)
    before = (endpoint.signing_secrets(), own.secret)
    rotate_key(settings, kept=True)
    told = StringIO()
    call_command("reseal_secrets", stdout=told)
    settings.SECRET_KEY_FALLBACKS = []
    assert told.getvalue() == "2 sealed again.\n"
    assert (WebhookEndpoint.objects.get().signing_secrets(), own_secret(owner).secret) == before


def test_a_secret_whose_key_is_lost_is_named_and_can_be_rotated(owner, settings):
    endpoint, own = endpoint_create(owner=owner, url="https://a.invalid/"), own_secret(owner)
    rotate_key(settings, kept=False)
    said = StringIO()
    call_command("reseal_secrets", stdout=StringIO(), stderr=said)
    assert "2 cannot be read" in said.getvalue()
    assert endpoint_rotate(endpoint).signing_secrets() and own_secret_rotate(owner).signing_secrets()
    assert own.pk == owner.pk
