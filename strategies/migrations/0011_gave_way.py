
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('strategies', '0010_uploads'),
    ]

    operations = [
        migrations.AddField(
            model_name='task',
            name='gave_way_at',
            field=models.DateTimeField(blank=True, help_text='when it last left its device, in the middle, to others', null=True),
        ),
    ]
