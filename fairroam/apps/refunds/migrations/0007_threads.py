import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('conversations', '0002_live_under_open_accounts'),
        ('refunds', '0006_quotes_and_troubles'),
    ]

    operations = [
        migrations.AddField(
            model_name='refundrequest',
            name='thread',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refund', to='conversations.thread'),
        ),
    ]
