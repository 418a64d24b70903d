"""Webhook secrets are sealed; the plain ones of before are gone afterwards."""

from django.db import migrations, models

import strategies.models.webhook
from strategies.sealing import opened, sealed

SIGNERS = ("WebhookEndpoint", "OwnWebhookSecret")
FIELDS = ("sealed_secret", "sealed_previous_secret")


def _rewrite(apps, write):
    for name in SIGNERS:
        for row in apps.get_model("strategies", name).objects.all():
            for field in FIELDS:
                if getattr(row, field):
                    setattr(row, field, write(getattr(row, field)))
            row.save(update_fields=FIELDS)


def seal(apps, schema_editor):
    _rewrite(apps, sealed)


def unseal(apps, schema_editor):
    _rewrite(apps, opened)


def _fields(name):
    default = strategies.models.webhook.new_sealed_secret
    return [
        migrations.RenameField(name, "secret", "sealed_secret"),
        migrations.RenameField(name, "previous_secret", "sealed_previous_secret"),
        migrations.AlterField(name, "sealed_secret", models.TextField(default=default, editable=False)),
        migrations.AlterField(name, "sealed_previous_secret", models.TextField(blank=True, editable=False)),
    ]


class Migration(migrations.Migration):

    dependencies = [
        ('strategies', '0007_scheduling'),
    ]

    operations = [
        *_fields('webhookendpoint'),
        *_fields('ownwebhooksecret'),
        migrations.RunPython(seal, unseal),
    ]
