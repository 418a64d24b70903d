"""Uploads expire that nothing uses. Those of before are kept for 30 days from now."""

from django.conf import settings
from django.db import migrations, models

EXPIRES = """
UPDATE strategies_asset SET expires_at = now() + interval '30 days' WHERE task_id IS NULL
"""
USES = r"""
INSERT INTO strategies_task_uploads (task_id, asset_id)
SELECT DISTINCT task.id, asset.id
FROM strategies_task AS task
CROSS JOIN LATERAL regexp_matches(task.params::text, '"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"', 'g') AS named
JOIN strategies_asset AS asset ON asset.id = named[1]::uuid
WHERE asset.task_id IS NULL
"""


class Migration(migrations.Migration):

    dependencies = [
        ('strategies', '0009_places'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='asset',
            name='expires_at',
            field=models.DateTimeField(blank=True, help_text='an upload goes then, unless something uses it', null=True),
        ),
        migrations.AddField(
            model_name='task',
            name='uploads',
            field=models.ManyToManyField(help_text='named by its params', related_name='users', to='strategies.asset'),
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(condition=models.Q(('expires_at__isnull', False)), fields=['expires_at'], name='asset_expiry'),
        ),
        migrations.RunSQL(EXPIRES, migrations.RunSQL.noop),
        migrations.RunSQL(USES, migrations.RunSQL.noop),
    ]
