from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0006_waived_money'),
    ]

    operations = [
        migrations.AddField(
            model_name='payout',
            name='is_in_good_faith',
            field=models.BooleanField(default=False),
        ),
    ]
