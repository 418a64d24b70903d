"""The answers kept under idempotency keys are sealed; those of before are sealed, too."""

from django.db import migrations, models

from strategies.sealing import opened, sealed


def _rewrite(apps, write):
    for row in apps.get_model("api", "IdempotencyRecord").objects.exclude(body=None):
        row.body = write(row.body)
        row.save(update_fields=["body"])


def seal(apps, schema_editor):
    _rewrite(apps, sealed)


def unseal(apps, schema_editor):
    _rewrite(apps, opened)


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0002_idempotency_oldest'),
    ]

    operations = [
        migrations.AlterField(
            model_name='idempotencyrecord',
            name='body',
            field=models.TextField(null=True, help_text='sealed: it may show a secret'),
        ),
        migrations.RunPython(seal, unseal),
    ]
